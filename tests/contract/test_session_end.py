from typing import Any

import pytest

from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.sessions.session import NOTHING_REDEEMED, EndedSession, SeenSession
from tests.support.dynamodb.engines import Engine, Tables
from tests.support.dynamodb.records import (
    ADA_ID,
    NOW_SECONDS,
    OTHER_SEED,
    SEED,
    a_session,
    a_token,
    end,
    kept_of,
    opened,
    session_id,
    sessions_of,
)

KEPT = EndedSession(3, a_token().seed_hash, ended_at_seconds=NOW_SECONDS, reason="logout", base=3)


def test_an_ended_session_leaves_the_sessions_of_its_user(engine: Engine) -> None:
    """What is kept has the time, the reason and the generation of the end, and other sessions live on."""
    opened(engine, a_session(), a_session(2))

    end(engine, a_token())

    assert engine.sessions.find(ADA_ID, session_id(1)) is None
    assert sessions_of(engine.sessions, ADA_ID) == [a_session(2)]
    assert kept_of(engine, a_token()) == KEPT


@pytest.mark.parametrize("generation", [0, 2, 3, 4])
def test_a_session_ends_by_a_token_of_any_generation(engine: Engine, generation: int) -> None:
    """F10: a client with any authentic token of the session may end it."""
    opened(engine, a_session())

    end(engine, a_token(generation))

    assert sessions_of(engine.sessions, ADA_ID) == []
    assert kept_of(engine, a_token()) == KEPT._replace(generation=generation, base=generation)


def test_a_second_end_is_told_and_the_first_one_stays(engine: Engine) -> None:
    """F10: a session keeps the reason of its first end."""
    opened(engine, a_session())
    end(engine, a_token())

    with pytest.raises(AlreadyEnded):
        end(engine, a_token(), end_id="end-2", reason="reused")

    assert kept_of(engine, a_token()) == KEPT


def test_the_same_end_again_succeeds(engine: Engine) -> None:
    """The SDK may repeat a write whose answer was lost, because the end recognises its own id."""
    opened(engine, a_session())
    end(engine, a_token())

    end(engine, a_token())

    assert kept_of(engine, a_token()) == KEPT


def test_another_session_under_the_same_id_does_not_end(engine: Engine) -> None:
    """A token with another seed does not end the session, although the id is the same."""
    opened(engine, a_session())

    with pytest.raises(AlreadyEnded):
        end(engine, a_token(seed=OTHER_SEED))

    assert engine.sessions.find(ADA_ID, session_id(1)) == a_session()


def test_ending_an_unknown_session_creates_none(engine: Engine) -> None:
    """F25, DC-13: a logout after the TTL deletion creates no item."""
    with pytest.raises(AlreadyEnded):
        end(engine, a_token())

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_the_end_of_a_session_that_was_read_needs_no_token(engine: Engine) -> None:
    """Without a seed it ends a session of any seed, and it creates none."""
    opened(engine, a_session())
    [seen] = engine.sessions.to_end(ADA_ID)
    unknown_seed = SeenSession(ADA_ID, session_id(1), generation=0, seed_hash=b"")
    how: dict[str, Any] = {"reason": "logout", "end_id": "end-1", "now_seconds": NOW_SECONDS}

    engine.sessions.end(unknown_seed, **how)

    assert seen == SeenSession(ADA_ID, session_id(1), generation=3, seed_hash=a_token().seed_hash, base=2)
    assert kept_of(engine, a_token()) == KEPT._replace(generation=0, base=0, seed_hash=b"")
    with pytest.raises(AlreadyEnded):
        engine.sessions.end(unknown_seed._replace(session_id=session_id(2)), **how)
    assert sessions_of(engine.sessions, ADA_ID) == []


@pytest.mark.parametrize("read", ["to_end", "oldest_first", "living", "find"])
def test_the_end_of_a_session_that_was_read_keeps_its_base(engine: Engine, read: str) -> None:
    """The token that the newest was issued for may be all that an honest client has."""
    opened(engine, a_session(base=1))
    arguments: dict[str, Any] = {"to_end": {}, "find": {"session_id": session_id(1)}}.get(
        read, {"now_seconds": NOW_SECONDS}
    )
    seen = getattr(engine.sessions, read)(ADA_ID, **arguments)

    engine.sessions.end(seen if read == "find" else seen[0], reason="user", end_id="end-1", now_seconds=NOW_SECONDS)

    assert kept_of(engine, a_token()) == KEPT._replace(reason="user", base=1)


def test_the_end_of_a_session_that_was_never_refreshed_has_no_older_token(engine: Engine) -> None:
    """A new session has no base, and the record of its end names its only token."""
    opened(engine, a_session(generation=0, base=NOTHING_REDEEMED))
    [seen] = engine.sessions.to_end(ADA_ID)

    engine.sessions.end(seen, reason="user", end_id="end-1", now_seconds=NOW_SECONDS)

    assert kept_of(engine, a_token(0)) == KEPT._replace(reason="user", generation=0, base=0)


def test_a_record_of_an_earlier_version_names_one_token(tables: Tables) -> None:
    """It has no base, so it counts as the record of an act that presented the token of its generation."""
    engine = tables.engine()
    opened(engine, a_session())
    engine.sessions.end(a_session(), reason="user", end_id="end-1", now_seconds=NOW_SECONDS)
    item: Any = tables.session_items()[0]
    del item["base"]
    tables.client.put_item(TableName=tables.sessions, Item=item)

    assert kept_of(engine, a_token()) == KEPT._replace(reason="user")


def test_the_record_of_an_end_keeps_no_session_alive(tables: Tables) -> None:
    """A session that was restored from a backup, although it has ended, ends again."""
    engine = tables.engine()
    opened(engine, a_session())
    item: Any = tables.session_items()[0]
    end(engine, a_token())
    tables.client.put_item(TableName=tables.sessions, Item=item)

    end(engine, a_token(), end_id="end-2")

    assert sessions_of(engine.sessions, ADA_ID) == []


@pytest.mark.parametrize("seed", [SEED, OTHER_SEED])
def test_a_session_that_an_earlier_version_ended_stays_ended(tables: Tables, seed: bytes) -> None:
    """Its mark in the session's own item still counts: the session is refused as ended, is in no list, and stays."""
    engine = tables.engine()
    opened(engine, a_session())
    [item] = tables.session_items()
    del item["base"]  # that version wrote none
    mark = {"revoked_at": {"N": str(NOW_SECONDS)}, "revoked_reason": {"S": "logout"}, "end_id": {"S": "end-0"}}
    marked: Any = {**item, **mark}
    tables.client.put_item(TableName=tables.sessions, Item=marked)

    assert kept_of(engine, a_token(seed=seed)) == KEPT
    assert engine.sessions.find(ADA_ID, session_id(1)) is None
    assert engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS) == []
    assert engine.sessions.to_end(ADA_ID) == []
    assert engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS) == []
    with pytest.raises(AlreadyEnded):
        end(engine, a_token(seed=seed))
    assert tables.session_items() == [marked]


def test_the_record_of_an_end_is_kept_for_two_weeks(tables: Tables) -> None:
    """It has no name, network or user agent of a client. After the idle timeout no client needs it."""
    engine = tables.engine()
    opened(engine, a_session())

    end(engine, a_token())

    [item] = tables.session_items()
    assert item == {
        "user_id": {"S": f"ended#{ADA_ID}"},
        "session_id": {"S": session_id(1)},
        "generation": {"N": "3"},
        "base": {"N": "3"},
        "seed_hash": {"B": a_token().seed_hash},
        "revoked_at": {"N": str(NOW_SECONDS)},
        "revoked_reason": {"S": "logout"},
        "end_id": {"S": "end-1"},
        "delete_at": {"N": str(NOW_SECONDS + 14 * 86_400)},
    }

from typing import Any

import pytest

from edge_auth.flows.ports.sessions import AlreadyEnded
from tests.support.dynamodb.engines import Engine
from tests.support.dynamodb.records import (
    ADA_ID,
    NOW_SECONDS,
    OTHER_SEED,
    a_session,
    a_token,
    end,
    opened,
    session_id,
    sessions_of,
)

TOMBSTONE = a_session()._replace(revoked_at_seconds=NOW_SECONDS, revoked_reason="logout")


def test_an_ended_session_stays_as_a_tombstone(engine: Engine) -> None:
    """The tombstone keeps all fields and has the time and the reason, and other sessions live on."""
    opened(engine, a_session(), a_session(2))

    end(engine, a_token())

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE
    assert engine.sessions.find(ADA_ID, session_id(2)) == a_session(2)


@pytest.mark.parametrize("generation", [0, 2, 3, 4])
def test_a_session_ends_by_a_token_of_any_generation(engine: Engine, generation: int) -> None:
    """F10: a client with any authentic token of the session may end it."""
    opened(engine, a_session())

    end(engine, a_token(generation))

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE


def test_a_second_end_is_told_and_the_first_tombstone_stays(engine: Engine) -> None:
    """F10: a session keeps the reason of its first end."""
    opened(engine, a_session())
    end(engine, a_token())

    with pytest.raises(AlreadyEnded):
        end(engine, a_token(), end_id="end-2", reason="reused")

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE


def test_the_same_end_again_succeeds(engine: Engine) -> None:
    """The SDK may repeat a write whose answer was lost, because the end recognises its own id."""
    opened(engine, a_session())
    end(engine, a_token())

    end(engine, a_token())

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE


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


def test_an_end_without_a_token_ends_a_session_with_any_seed(engine: Engine) -> None:
    """The end of all sessions needs no seed, and creates no session."""
    opened(engine, a_session())
    everything: dict[str, Any] = {"seed_hash": None, "reason": "logout", "end_id": "end-1", "now_seconds": NOW_SECONDS}

    engine.sessions.end(ADA_ID, session_id(1), **everything)

    assert sessions_of(engine.sessions, ADA_ID) == [TOMBSTONE]
    with pytest.raises(AlreadyEnded):
        engine.sessions.end(ADA_ID, session_id(2), **everything)
    assert sessions_of(engine.sessions, ADA_ID) == [TOMBSTONE]

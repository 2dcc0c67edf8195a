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
    """It keeps all it was, with the time and the reason; other sessions live on."""
    opened(engine, a_session(), a_session(2))

    end(engine, a_token())

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE
    assert engine.sessions.find(ADA_ID, session_id(2)) == a_session(2)


@pytest.mark.parametrize("generation", [0, 2, 3, 4])
def test_a_session_ends_by_a_token_of_any_generation(engine: Engine, generation: int) -> None:
    """F10: whoever holds an authentic token of the session may end it."""
    opened(engine, a_session())

    end(engine, a_token(generation))

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE


def test_a_second_end_is_told_and_the_first_tombstone_stays(engine: Engine) -> None:
    """F10: logout racing logout; what ended a session first is why it ended."""
    opened(engine, a_session())
    end(engine, a_token())

    with pytest.raises(AlreadyEnded):
        end(engine, a_token(), end_id="end-2", reason="reused")

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE


def test_the_same_end_again_succeeds(engine: Engine) -> None:
    """A write that was applied, whose response was lost, and that the SDK sent again, knows itself."""
    opened(engine, a_session())
    end(engine, a_token())

    end(engine, a_token())

    assert engine.sessions.find(ADA_ID, session_id(1)) == TOMBSTONE


def test_another_session_under_the_same_id_does_not_end(engine: Engine) -> None:
    """The seed tells a session from another that has its id."""
    opened(engine, a_session())

    with pytest.raises(AlreadyEnded):
        end(engine, a_token(seed=OTHER_SEED))

    assert engine.sessions.find(ADA_ID, session_id(1)) == a_session()


def test_ending_an_unknown_session_creates_none(engine: Engine) -> None:
    """F25, DC-13: a logout after TTL deletion leaves no ghost."""
    with pytest.raises(AlreadyEnded):
        end(engine, a_token())

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_who_needs_no_token_ends_a_session_whatever_its_seed(engine: Engine) -> None:
    """An ending of all sessions does not know the seeds; it makes no session that is not there."""
    opened(engine, a_session())
    everything: dict[str, Any] = {"seed_hash": None, "reason": "logout", "end_id": "end-1", "now_seconds": NOW_SECONDS}

    engine.sessions.end(ADA_ID, session_id(1), **everything)

    assert sessions_of(engine.sessions, ADA_ID) == [TOMBSTONE]
    with pytest.raises(AlreadyEnded):
        engine.sessions.end(ADA_ID, session_id(2), **everything)
    assert sessions_of(engine.sessions, ADA_ID) == [TOMBSTONE]

from edge_auth.sessions.session import SeenSession
from tests.support.dynamodb.engines import Engine, Tables
from tests.support.dynamodb.records import (
    ADA_ID,
    BOB,
    BOB_ID,
    NOW_MS,
    NOW_SECONDS,
    a_session,
    a_token,
    end,
    opened,
    session_id,
    sessions_of,
)


def ids(sessions: list[SeenSession]) -> list[str]:
    """Return the ids of sessions."""
    return [session.session_id for session in sessions]


def test_an_unknown_session_is_none(engine: Engine) -> None:
    """Neither an unknown id nor another user's session is found."""
    opened(engine, a_session())

    assert engine.sessions.find(ADA_ID, session_id(2)) is None
    assert engine.sessions.find(BOB_ID, session_id(1)) is None


def test_a_user_without_sessions_has_an_empty_list(engine: Engine) -> None:
    """A user without sessions gets an empty list and no error."""
    assert sessions_of(engine.sessions, ADA_ID) == []


def test_a_list_holds_the_users_sessions_and_no_others(engine: Engine) -> None:
    """A18: the list holds no ended sessions, and no sessions of other users."""
    opened(engine, a_session(1), a_session(2))
    engine.identities.create(BOB)
    bobs = a_session(3, user_id=BOB_ID)
    engine.session_opening.open(bobs, username=BOB.username, epoch=BOB.epoch)
    end(engine, a_token(number=2))

    found = sessions_of(engine.sessions, ADA_ID)

    assert {session.session_id for session in found} == {session_id(1)}
    assert sessions_of(engine.sessions, BOB_ID) == [bobs]


def test_a_list_is_complete_beyond_one_page(engine: Engine) -> None:
    """DynamoDB answers a Query with at most 1 MB, and the list has the sessions of all pages."""
    long_scope = "s" * 300_000
    opened(engine, *(a_session(number, scope=long_scope) for number in range(1, 9)))

    found = sessions_of(engine.sessions, ADA_ID)

    assert sorted(session.session_id for session in found) == [session_id(number) for number in range(1, 9)]


def test_every_session_is_in_the_list_at_once(engine: Engine) -> None:
    """A18: a session is in the list directly after its creation."""
    opened(engine)
    for number in range(1, 31):
        opened_now = a_session(number)
        engine.session_opening.open(opened_now, username="ada@example.com", epoch=7)

        assert opened_now in sessions_of(engine.sessions, ADA_ID)


def test_every_session_that_has_not_ended_is_to_end(engine: Engine) -> None:
    """An expired session is in the list too, because another clock may be behind. An ended one is not."""
    idle = a_session(3, idle_expires_at_seconds=NOW_SECONDS - 1_000_000)
    old = a_session(4, absolute_expires_at_seconds=NOW_SECONDS - 1_000_000)
    opened(engine, a_session(1), a_session(2), idle, old)
    end(engine, a_token(number=2))

    assert sorted(ids(engine.sessions.to_end(ADA_ID))) == [session_id(number) for number in (1, 3, 4)]


def test_oldest_first_has_the_sessions_that_may_live(engine: Engine) -> None:
    """Ended and expired sessions are not in the list; a session is expired in the second of its timeout."""
    idle = a_session(3, idle_expires_at_seconds=NOW_SECONDS)
    old = a_session(4, absolute_expires_at_seconds=NOW_SECONDS)
    opened(engine, a_session(1), a_session(2), idle, old)
    end(engine, a_token(number=2))

    assert ids(engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS)) == [session_id(1)]
    assert sorted(ids(engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS - 1))) == [
        session_id(1),
        session_id(3),
        session_id(4),
    ]


def test_sessions_to_end_are_complete_beyond_one_page(engine: Engine) -> None:
    """Reading goes on after a page that the filter leaves empty."""
    long_scope = "s" * 300_000
    opened(engine, *(a_session(number, scope=long_scope) for number in range(1, 9)))
    for number in range(1, 8):
        end(engine, a_token(number=number))

    assert ids(engine.sessions.to_end(ADA_ID)) == [session_id(8)]


def test_a_damaged_session_is_to_end_too(tables: Tables) -> None:
    """F38: a session with a missing attribute, or one of another type, is in the list, as the oldest."""
    engine = tables.engine()
    opened(engine, a_session(1))
    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": "damaged"}}
    tables.client.put_item(TableName=tables.sessions, Item={**key, "generation": {"S": "three"}})

    found = ids(engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS))

    assert found == ["damaged", session_id(1)]
    assert sorted(ids(engine.sessions.to_end(ADA_ID))) == [session_id(1), "damaged"]


def test_the_living_sessions_are_read_whole_and_no_others(engine: Engine) -> None:
    """A5, A18: the sessions that are neither revoked nor expired, to the second, come with every field."""
    absolute = a_session(2, absolute_expires_at_seconds=NOW_SECONDS)
    idle = a_session(3, idle_expires_at_seconds=NOW_SECONDS)
    opened(engine, a_session(1), absolute, idle, a_session(4))
    end(engine, a_token(number=4))

    assert engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS) == [a_session(1)]
    found = engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS - 1)
    assert sorted(found, key=lambda session: session.session_id) == [a_session(1), absolute, idle]
    assert engine.sessions.living(BOB_ID, now_seconds=NOW_SECONDS) == []


def test_oldest_first_is_in_order(engine: Engine) -> None:
    """F36: they are ordered by the millisecond of their creation, and then by their id."""
    ages_ms = {1: 5, 2: 7, 3: 6, 4: 6, 5: 4}
    opened(engine, *(a_session(number, created_at_ms=NOW_MS - age) for number, age in ages_ms.items()))

    found = ids(engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS))

    assert found == [session_id(number) for number in (2, 3, 4, 1, 5)]

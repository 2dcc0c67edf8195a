import pytest

from tests.support.dynamodb.engines import Engine, Tables
from tests.support.dynamodb.records import (
    ADA_ID,
    BOB,
    BOB_ID,
    NOW_SECONDS,
    a_session,
    a_token,
    end,
    kept_of,
    opened,
    session_id,
    sessions_of,
)


def test_all_sessions_of_a_user_are_forgotten_also_the_ended_ones(engine: Engine) -> None:
    """A25: nothing stays of living, ended and expired sessions, and the sessions of others stay."""
    opened(engine, a_session(1), a_session(2), a_session(3, absolute_expires_at_seconds=NOW_SECONDS))
    engine.identities.create(BOB)
    bobs = a_session(4, user_id=BOB_ID)
    engine.session_opening.open(bobs, username=BOB.username, epoch=BOB.epoch)
    engine.session_opening.open(a_session(5, user_id=BOB_ID), username=BOB.username, epoch=BOB.epoch)
    end(engine, a_token(number=2))
    end(engine, a_token(number=5, user_id=BOB_ID))

    engine.sessions.forget(ADA_ID)

    assert kept_of(engine, a_token(number=2)) is None
    assert kept_of(engine, a_token(number=5, user_id=BOB_ID)) is not None
    assert sessions_of(engine.sessions, ADA_ID) == []
    assert [engine.sessions.find(ADA_ID, session_id(number)) for number in (1, 2, 3)] == [None] * 3
    assert sessions_of(engine.sessions, BOB_ID) == [bobs]


def test_forgetting_again_or_for_an_unknown_user_is_no_error(engine: Engine) -> None:
    """A call whose answer was lost may be repeated."""
    opened(engine, a_session())

    for user_id in (ADA_ID, ADA_ID, BOB_ID):
        engine.sessions.forget(user_id)

    assert sessions_of(engine.sessions, ADA_ID) == []


def test_more_sessions_than_one_request_takes_are_forgotten(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """One transaction takes a limited number of items."""
    monkeypatch.setattr("edge_auth.adapters.dynamodb.sessions.MAX_TRANSACTION_ITEMS", 2)
    opened(engine, *(a_session(number) for number in range(1, 11)))
    for number in range(6, 11):
        end(engine, a_token(number=number))

    engine.sessions.forget(ADA_ID)

    assert sessions_of(engine.sessions, ADA_ID) == []
    assert [kept_of(engine, a_token(number=number)) for number in range(1, 11)] == [None] * 10


def test_a_damaged_session_is_forgotten_too(tables: Tables) -> None:
    """F38: a damaged item can hold personal data as well."""
    engine = tables.engine()
    key = {"user_id": {"S": ADA_ID}, "session_id": {"S": "damaged"}}
    tables.client.put_item(TableName=tables.sessions, Item={**key, "network": {"S": "192.0.2.0/24"}})

    engine.sessions.forget(ADA_ID)

    assert tables.session_items() == []

from typing import Any

import pytest

from edge_auth.adapters.dynamodb.ended_items import ended_item
from edge_auth.adapters.dynamodb.sessions import MAX_PAGES
from tests.support.dynamodb.engines import Engine, Tables
from tests.support.dynamodb.records import (
    ADA_ID,
    BOB_ID,
    NOW_SECONDS,
    a_session,
    a_token,
    end,
    kept_of,
    opened,
    session_id,
)


def end_at(engine: Engine, number: int, at_seconds: int) -> None:
    """End a session of Ada at this time."""
    engine.sessions.end(a_token(number=number), reason="logout", end_id=f"end-{number}", now_seconds=at_seconds)


def test_the_record_of_an_end_is_found(engine: Engine) -> None:
    """It is what a refused rotation finds; a living session, an unknown one and another user's have none."""
    opened(engine, a_session(1), a_session(2))
    end(engine, a_token())

    assert engine.sessions.find_ended(ADA_ID, session_id(1)) == kept_of(engine, a_token())
    assert engine.sessions.find_ended(ADA_ID, session_id(2)) is None
    assert engine.sessions.find_ended(ADA_ID, session_id(3)) is None
    assert engine.sessions.find_ended(BOB_ID, session_id(1)) is None


def test_the_latest_ends_are_found_first(engine: Engine) -> None:
    """Only those of this user since a time, and no living session."""
    opened(engine, *(a_session(number) for number in range(1, 6)))
    for number, at_seconds in ((1, NOW_SECONDS - 9), (2, NOW_SECONDS), (3, NOW_SECONDS - 5), (4, NOW_SECONDS - 10)):
        end_at(engine, number, at_seconds)

    assert engine.sessions.ended_since(ADA_ID, NOW_SECONDS - 9) == [session_id(2), session_id(3), session_id(1)]
    assert engine.sessions.ended_since(BOB_ID, 0) == []


@pytest.mark.parametrize("records", [9, 20])
def test_the_ends_of_four_pages_are_read_and_no_more(tables: Tables, records: int) -> None:
    """A client that logs in and out all the time makes the partition longer, and never the read."""
    engine, queries = tables.engine(), list[str]()
    opened(engine)
    for number in range(records):  # a page has three or four of them
        record: Any = ended_item(a_token(number=number), reason="logout", end_id="end-0", now_seconds=NOW_SECONDS)
        tables.client.put_item(TableName=tables.sessions, Item={**record, "more": {"S": "s" * 300_000}})
    tables.client.meta.events.register("before-call.dynamodb.Query", lambda model, **_: queries.append(model.name))

    found = engine.sessions.ended_since(ADA_ID, NOW_SECONDS)

    assert len(found) in ({9} if records == 9 else {3 * MAX_PAGES, 4 * MAX_PAGES})
    assert len(queries) <= MAX_PAGES


def test_a_marked_end_is_found_with_its_mark_and_in_no_list(engine: Engine) -> None:
    """It is marked once and for all; the rest of the record stays."""
    opened(engine, a_session(1), a_session(2))
    for number in (1, 2):
        end_at(engine, number, NOW_SECONDS)
    kept = kept_of(engine, a_token())
    assert kept is not None

    for _ in range(2):
        engine.sessions.mark_published(ADA_ID, session_id(1))

    assert engine.sessions.find_ended(ADA_ID, session_id(1)) == kept._replace(is_published=True)
    assert engine.sessions.ended_since(ADA_ID, NOW_SECONDS) == [session_id(2)]


def test_an_end_may_have_its_mark_from_the_beginning(engine: Engine) -> None:
    """Authorizers were told of it before."""
    opened(engine, a_session(1), a_session(2))
    for number in (1, 2):
        engine.sessions.end(
            a_token(number=number), reason="user", end_id="e", now_seconds=NOW_SECONDS, is_published=number == 1
        )

    found = [engine.sessions.find_ended(ADA_ID, session_id(number)) for number in (1, 2)]
    assert [ended is not None and ended.is_published for ended in found] == [True, False]
    assert engine.sessions.ended_since(ADA_ID, NOW_SECONDS) == [session_id(2)]


def test_a_mark_creates_no_record(tables: Tables) -> None:
    """F25, DC-13: the record may have been deleted meanwhile, or there never was one."""
    engine = tables.engine()
    opened(engine, a_session())

    engine.sessions.mark_published(ADA_ID, session_id(1))
    engine.sessions.mark_published(BOB_ID, session_id(1))

    assert engine.sessions.find_ended(ADA_ID, session_id(1)) is None
    assert len(tables.session_items()) == 1

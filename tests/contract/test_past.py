"""What a user's past costs: the sessions that have ended are read by nothing."""

import os
from typing import Any

import pytest

from edge_auth.adapters.dynamodb.ended_items import ended_item
from edge_auth.adapters.dynamodb.sessions import MAX_PAGES
from edge_auth.errors import TemporarilyUnavailable
from tests.support.dynamodb.engines import Engine, Tables
from tests.support.dynamodb.records import ADA_ID, NOW_SECONDS, a_session, a_token, end, opened, session_id

BATCH = 25
# On a real engine: 40,000 is an hour of logins from ten addresses, and takes half a minute.
ENDED = int(os.environ.get("EDGE_AUTH_PAST", "1000"))
ENDED_ON_MOTO = 100
Reads = list[tuple[str, int, float]]


def reads_of(tables: Tables, engine: Engine) -> Reads:
    """List the sessions, look for the oldest and end all. Return the items and the units of each read."""
    found: Reads = []

    def ask(params: dict[str, Any], **_: object) -> None:
        params["ReturnConsumedCapacity"] = "TOTAL"

    def count(parsed: dict[str, Any], model: Any, **_: object) -> None:  # noqa: ANN401 - botocore's OperationModel
        found.append((model.name, parsed["ScannedCount"], parsed["ConsumedCapacity"]["CapacityUnits"]))

    events = tables.client.meta.events
    events.register("provide-client-params.dynamodb.Query", ask)
    events.register("after-call.dynamodb.Query", count)
    engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS)
    engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS)
    for number, session in enumerate(engine.sessions.to_end(ADA_ID)):
        engine.sessions.end(session, reason="logout_all", end_id=f"end-all-{number}", now_seconds=NOW_SECONDS)
    events.unregister("provide-client-params.dynamodb.Query", ask)
    events.unregister("after-call.dynamodb.Query", count)
    return found


def test_sessions_that_have_ended_cost_no_unit(tables: Tables) -> None:
    """F36: a login, a list and an end of all read as many items and units after many ended sessions as after none."""
    engine = tables.engine()
    opened(engine, a_session(1), a_session(2))
    without_a_past = reads_of(tables, engine)
    for first in range(0, ENDED if tables.is_real else ENDED_ON_MOTO, BATCH):
        ended = [
            ended_item(a_token(number=number), reason="logout", end_id="end-0", now_seconds=NOW_SECONDS)
            for number in range(1000 + first, 1000 + first + BATCH)
        ]
        tables.client.batch_write_item(RequestItems={tables.sessions: [{"PutRequest": {"Item": one}} for one in ended]})
    for number in range(3, 23):
        engine.session_opening.open(a_session(number), username="ada@example.com", epoch=7)
        end(engine, a_token(number=number), end_id=f"end-{number}")
    for number in (1, 2):
        engine.session_opening.open(a_session(number), username="ada@example.com", epoch=7)

    assert reads_of(tables, engine) == without_a_past
    assert [name for name, _, _ in without_a_past] == ["Query"] * 3
    assert [items for _, items, _ in without_a_past] == [2, 2, 2]


@pytest.mark.parametrize("sessions", [9, 20])
def test_a_list_reads_four_pages_and_no_more(tables: Tables, sessions: int) -> None:
    """What an earlier version left makes a list fail, and a login read a part. An end of all reads everything."""
    engine = tables.engine()
    opened(engine, a_session(1, scope="s" * 300_000))
    item: Any = tables.session_items()[0]
    for number in range(2, sessions + 1):  # a page has three or four of them
        tables.client.put_item(TableName=tables.sessions, Item={**item, "session_id": {"S": session_id(number)}})

    assert len(engine.sessions.to_end(ADA_ID)) == sessions
    if sessions == 9:
        assert len(engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS)) == sessions
        assert len(engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS)) == sessions
    else:
        with pytest.raises(TemporarilyUnavailable, match="more sessions"):
            engine.sessions.living(ADA_ID, now_seconds=NOW_SECONDS)
        assert len(engine.sessions.oldest_first(ADA_ID, now_seconds=NOW_SECONDS)) in {3 * MAX_PAGES, 4 * MAX_PAGES}

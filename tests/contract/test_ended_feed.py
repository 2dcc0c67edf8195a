"""The feed of ended sessions, as the function that publishes it reads it."""

import time
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from edge_auth.adapters.dynamodb.ended_feed import DynamoDBEndedFeed
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.tokens.ended_feed import KEY_SLOT, slot_of
from tests.support.dynamodb.engines import DYNAMODB_ENGINES
from tests.support.dynamodb.feeds import Feed, clock_ms, feed_on

NOW = 200_000_000  # the slot of this moment


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def feed(request: pytest.FixtureRequest) -> Iterator[Feed]:
    """Yield an empty feed."""
    yield from feed_on(request.param)


@pytest.fixture(params=DYNAMODB_ENGINES)
def stored(request: pytest.FixtureRequest) -> Iterator[Feed]:
    """Yield an empty feed in a table."""
    yield from feed_on(request.param)


def test_an_empty_feed_is_no_error(feed: Feed) -> None:
    """No session has ended, and no key was withdrawn."""
    copy = feed.reader.read(since_slot=0)

    assert (copy.entries, copy.kids) == (frozenset(), frozenset())


def test_the_window_begins_with_its_slot(feed: Feed) -> None:
    """An item of the first slot and every later one counts, an earlier one does not."""
    for slot in range(NOW - 3, NOW + 3):
        feed.put(slot, [f"{slot:011}", f"{slot:010}x"], [])

    entries = feed.reader.read(since_slot=NOW).entries

    assert entries == {entry for slot in (NOW, NOW + 1, NOW + 2) for entry in (f"{slot:011}", f"{slot:010}x")}


def test_withdrawn_keys_are_in_every_read(feed: Feed) -> None:
    """The item with the keys has no time, so every window has it."""
    feed.put(KEY_SLOT, [], ["kid-1", "kid-2"])
    feed.put(NOW, ["a" * 11], [])

    copy = feed.reader.read(since_slot=NOW + 1)

    assert copy.entries == frozenset()
    assert copy.kids == {"kid-1", "kid-2"}


def test_the_time_of_a_copy_is_the_stores_when_the_read_began_or_earlier(feed: Feed) -> None:
    """What was added before `as_of_seconds` is in the copy. The engines here have this machine's clock."""
    before = time.time()

    as_of_seconds = feed.reader.read(since_slot=NOW).as_of_seconds

    assert before - 30 < as_of_seconds <= before


def test_a_slow_read_is_as_old_as_its_begin(stored: Feed) -> None:
    """A read of 40 seconds says nothing about what was added in these 40 seconds."""
    assert stored.client is not None
    took = count(clock_ms(), 40_000)
    before = time.time()

    slow = DynamoDBEndedFeed(stored.client, table=stored.table, clock=lambda: next(took)).read(since_slot=NOW)

    assert before - 70 < slow.as_of_seconds <= before - 39


def test_every_page_is_read(stored: Feed) -> None:
    """A page is one megabyte. Two sessions a millisecond for a quarter of an hour are more."""
    entries = {f"{number:011}" for number in range(120_000)}
    ordered = sorted(entries)
    for part in range(12):
        stored.put(NOW + part, ordered[part * 10_000 : (part + 1) * 10_000], [])
    asked = _queries(stored)

    assert stored.reader.read(since_slot=NOW).entries == entries
    assert len(asked) > 1
    assert all(parameters["ConsistentRead"] for parameters in asked)


@pytest.mark.parametrize("attributes", [{"sids": {"S": "a" * 11}}, {"kids": {"L": [{"S": "kid"}]}}])
def test_a_damaged_item_is_trouble(stored: Feed, attributes: dict[str, Any]) -> None:
    """DC-3, F38: a copy that may lack a session is not given out."""
    stored.put(NOW, ["a" * 11], [])
    assert stored.reader.read(since_slot=NOW).entries == {"a" * 11}
    stored.put_item(NOW + 1, **attributes)

    with pytest.raises(TemporarilyUnavailable):
        stored.reader.read(since_slot=NOW)


def test_other_attributes_are_ignored(stored: Feed) -> None:
    """The time of deletion is for the table, and a later version may have more."""
    stored.put_item(NOW, sids={"SS": ["a" * 11]}, delete_at={"N": "1"}, later={"S": "x"})

    assert stored.reader.read(since_slot=NOW).entries == {"a" * 11}


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_an_answer_without_a_time_is_trouble(stored: Feed, date: str | None) -> None:
    """A copy of an unknown age is not given out."""
    assert stored.client is not None

    def spoil(http_response: Any, parsed: dict[str, Any], **_: object) -> None:  # noqa: ANN401 - botocore's own type
        assert http_response is not None
        headers = parsed["ResponseMetadata"]["HTTPHeaders"]
        headers.pop("date")
        headers.update({} if date is None else {"date": date})

    stored.client.meta.events.register("after-call.dynamodb.Query", spoil)
    try:
        with pytest.raises(TemporarilyUnavailable):
            stored.reader.read(since_slot=NOW)
    finally:
        stored.client.meta.events.unregister("after-call.dynamodb.Query", spoil)


def test_slots_are_ten_seconds() -> None:
    """The writers' slots are those that are read."""
    assert slot_of(NOW * 10) == slot_of(NOW * 10 + 9) == NOW


def _queries(stored: Feed) -> list[dict[str, Any]]:
    """Return a list that gets the parameters of each query from now on."""
    assert stored.client is not None
    asked: list[dict[str, Any]] = []

    def watch(params: dict[str, Any], **_: object) -> None:
        asked.append(dict(params))

    stored.client.meta.events.register("provide-client-params.dynamodb.Query", watch)
    return asked

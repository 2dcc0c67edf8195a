"""The feed of ended sessions, on each engine."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from edge_auth import base64url
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.revocations import Revocations
from edge_auth.tokens.ended_feed import ENTRY_CHARACTERS, KEPT_SECONDS, KEY_SLOT, slot_of
from tests.support.dynamodb.engine_of_run import needs_engine
from tests.support.dynamodb.engines import DYNAMODB_ENGINES
from tests.support.dynamodb.feed import StoredFeed, entries_in, stored_feed
from tests.support.fakes.revocations import MemoryRevocations

WRITERS, PUBLICATIONS = 16, 800
ALMOST_FULL_BYTES = 404_500  # an item has 400 KB at most: 409,600 bytes of DynamoDB, 405,000 of moto

Feed = StoredFeed | MemoryRevocations


def session_id(number: int) -> str:
    """Return a session id as a login draws it."""
    return base64url.encode(random.Random(number).randbytes(16))  # noqa: S311 - no secret


@pytest.fixture(params=["memory", *DYNAMODB_ENGINES])
def feed(request: pytest.FixtureRequest) -> Iterator[Feed]:
    """Yield an empty feed."""
    if request.param == "memory":
        yield MemoryRevocations()
        return
    with stored_feed(request.param) as stored:
        yield stored


@pytest.fixture(params=DYNAMODB_ENGINES)
def stored(request: pytest.FixtureRequest) -> Iterator[StoredFeed]:
    """Yield an empty feed in a table."""
    with stored_feed(request.param) as stored:
        yield stored


def port(feed: Feed) -> Revocations:
    """Return the port to a feed."""
    return feed if isinstance(feed, MemoryRevocations) else feed.revocations


def entries(numbers: range) -> set[str]:
    """Return what a feed says of these sessions."""
    return {session_id(number)[:ENTRY_CHARACTERS] for number in numbers}


def kept_until(feed: Feed) -> int:
    """Return until when a feed has the withdrawn keys, in seconds since 1970."""
    if isinstance(feed, MemoryRevocations):
        return feed.keys_until_seconds
    return int(feed.items()[KEY_SLOT]["delete_at"]["N"]) - KEPT_SECONDS


def test_an_ended_session_is_in_the_feed(feed: Feed) -> None:
    """A18: the entry is the beginning of the session's id, so who reads the feed learns no whole id."""
    port(feed).publish([session_id(1)])

    assert entries_in(feed) == (entries(range(1, 2)), set())


def test_publications_commute_and_may_be_repeated(feed: Feed) -> None:
    """F1: the SDK sends again what it has no answer for; in any order and number, the feed has each session."""
    batches = [[session_id(number) for number in range(start, start + 3)] for start in range(0, 12, 3)]
    for batch in random.Random(7).sample(batches * 2, k=8):  # noqa: S311 - no secret
        port(feed).publish(batch)

    assert entries_in(feed) == (entries(range(12)), set())


def test_withdrawn_keys_are_beside_the_sessions(feed: Feed) -> None:
    """K3: keys that are withdrawn later join the earlier ones."""
    until = int(time.time()) + 3600
    port(feed).publish([session_id(1)])
    port(feed).withdraw_keys(["kid-1", "kid-2"], until_seconds=until)
    port(feed).withdraw_keys(["kid-2", "kid-3"], until_seconds=until)

    assert entries_in(feed) == (entries(range(1, 2)), {"kid-1", "kid-2", "kid-3"})


@pytest.mark.parametrize("later", [-86_400, 0, 86_400])
def test_keys_that_were_withdrawn_stay_so_for_as_long_as_was_said(feed: Feed, later: int) -> None:
    """K3: a second replacement, with a shorter KeyRotationDays, must not end the item before the first ones' time."""
    until = int(time.time()) + 7 * 86_400
    port(feed).withdraw_keys(["kid-1"], until_seconds=until)
    port(feed).withdraw_keys(["kid-2"], until_seconds=until + later)

    assert entries_in(feed) == (set(), {"kid-1", "kid-2"})
    assert kept_until(feed) == until + max(later, 0)


def test_no_session_is_no_request(stored: StoredFeed) -> None:
    """An end of all sessions of a user who has none costs nothing here."""
    stored.revocations.publish([])

    assert stored.writes == []


def test_an_item_has_the_sessions_of_ten_seconds_and_is_deleted_after_two_hours(stored: StoredFeed) -> None:
    """F27: no reader needs it then: an access token lives for an hour at most."""
    before = slot_of(int(time.time()))
    stored.revocations.publish([session_id(1)])
    after = slot_of(int(time.time()))

    [(slot, item)] = stored.items().items()
    assert before <= slot <= after
    assert item == {
        "feed": {"S": "ended"},
        "slot": {"N": str(slot)},
        "sids": {"SS": sorted(entries(range(1, 2)))},
        "delete_at": {"N": str(slot * 10 + KEPT_SECONDS)},
    }


def test_the_item_of_withdrawn_keys_sorts_after_every_slot(stored: StoredFeed) -> None:
    """Every read of the latest slots has it. It stays until no authorizer has one of the keys."""
    until = int(time.time()) + 3600
    stored.revocations.withdraw_keys(["kid-1"], until_seconds=until)

    assert stored.items() == {
        KEY_SLOT: {
            "feed": {"S": "ended"},
            "slot": {"N": str(KEY_SLOT)},
            "kids": {"SS": ["kid-1"]},
            "delete_at": {"N": str(until + KEPT_SECONDS)},
        }
    }
    assert slot_of(int(time.time())) < KEY_SLOT
    assert stored.writes == [KEY_SLOT]


def test_a_hundred_sessions_are_one_request(stored: StoredFeed) -> None:
    """A8: a logout of all of more sessions takes one more for each further hundred."""
    stored.revocations.publish(session_id(number) for number in range(100))
    assert len(stored.writes) == 1

    stored.revocations.publish(session_id(number) for number in range(100, 301))
    assert len(stored.writes) == 1 + 3
    assert entries_in(stored) == (entries(range(301)), set())


@pytest.mark.parametrize("ahead_seconds", [-15, 0, 15])
def test_a_clock_that_is_a_little_wrong_is_no_second_request(stored: StoredFeed, ahead_seconds: int) -> None:
    """Readers read the slots of the last minute, so the entry is in one of them."""
    stored.ahead_seconds = ahead_seconds
    stored.revocations.publish([session_id(1)])

    assert len(stored.writes) == 1
    [seconds] = stored.slots()
    assert -30 <= seconds - max(ahead_seconds, 0) <= 0


@pytest.mark.parametrize("ahead_seconds", [-300, -30, 30, 300])
def test_a_clock_that_is_wrong_puts_the_entry_into_the_slot_of_the_store_too(
    stored: StoredFeed, ahead_seconds: int
) -> None:
    """The answer's Date tells the time of the store. An operator's own machine may be minutes behind it."""
    stored.ahead_seconds = ahead_seconds
    stored.revocations.publish([session_id(1)])

    assert len(stored.writes) == len(stored.items()) == 2
    assert any(-11 <= seconds <= 0 for seconds in stored.slots())


def test_an_answer_without_a_readable_date_is_an_answer(stored: StoredFeed) -> None:
    """The entry is in the slot of the writer's own clock."""
    stored.store_seconds = None
    stored.revocations.publish([session_id(1)])

    assert len(stored.writes) == 1
    assert entries_in(stored) == (entries(range(1, 2)), set())


def test_a_full_slot_is_trouble(stored: StoredFeed) -> None:
    """F40: an item has 400 KB at most. Then the end is not known to be in the feed, and its caller gets 503."""
    now = slot_of(int(time.time()))
    for slot in (now, now + 1):
        full: Any = {"feed": {"S": "ended"}, "slot": {"N": str(slot)}, "x": {"S": "x" * ALMOST_FULL_BYTES}}
        stored.client.put_item(TableName=stored.table, Item=full)

    with pytest.raises(TemporarilyUnavailable):
        stored.revocations.publish(session_id(number) for number in range(500))


@needs_engine
def test_writers_at_once_lose_nothing() -> None:
    """F20: sixteen writers publish into one item at the same moment, and every session is in it."""
    with stored_feed("dynamodb") as feed, ThreadPoolExecutor(WRITERS) as writers:
        revocations = feed.revocations
        list(writers.map(lambda number: revocations.publish([session_id(number)]), range(PUBLICATIONS)))

        assert entries_in(feed) == (entries(range(PUBLICATIONS)), set())

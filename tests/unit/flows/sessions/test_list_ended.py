"""List ended: the window, the order, and what it says of its age."""

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.sessions.list_ended import EndedSessions, ListEnded
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS
from edge_auth.tokens.ended_feed import KEY_SLOT, SLOT_SECONDS, WINDOW_MARGIN_SECONDS, slot_of
from tests.support.deployment import ACCESS_SECONDS, Clock
from tests.support.fakes.ended_feed import MemoryEndedFeed

WINDOW_SECONDS = ACCESS_SECONDS + 65


@pytest.fixture
def clock() -> Clock:
    """Return the clock."""
    return Clock()


@pytest.fixture
def feed(clock: Clock) -> MemoryEndedFeed:
    """Return an empty feed."""
    return MemoryEndedFeed(clock)


@pytest.fixture
def list_ended(feed: MemoryEndedFeed, clock: Clock) -> ListEnded:
    """Return the use case."""
    return ListEnded(feed=feed, access_token_seconds=ACCESS_SECONDS, clock=clock)


def test_an_empty_list_has_its_time_and_its_window(list_ended: ListEnded, clock: Clock) -> None:
    """A reader learns how fresh the list is, and how far back it goes."""
    assert list_ended() == EndedSessions(clock() // 1000, WINDOW_SECONDS, (), ())


def test_sessions_and_keys_are_in_order(list_ended: ListEnded, feed: MemoryEndedFeed, clock: Clock) -> None:
    """The same sessions make the same answer, whatever the order of their ends."""
    slot = slot_of(clock() // 1000)
    feed.put(slot, ["b" * 11, "a" * 11])
    feed.put(slot - 1, ["c" * 11, "a" * 11])
    feed.put(KEY_SLOT, [], ["kid-2", "kid-1"])

    ended = list_ended()

    assert ended.entries == ("a" * 11, "b" * 11, "c" * 11)
    assert ended.kids == ("kid-1", "kid-2")


def test_a_session_is_listed_while_a_token_of_it_can_be_good(
    list_ended: ListEnded, feed: MemoryEndedFeed, clock: Clock
) -> None:
    """The slot of an end may begin half a minute early, and a token is good for its lifetime and the leeway."""
    feed.put(slot_of(clock() // 1000 - 29), ["a" * 11])

    clock.advance(seconds=ACCESS_SECONDS + EXPIRY_LEEWAY_SECONDS)
    assert list_ended().entries == ("a" * 11,)
    clock.advance(seconds=WINDOW_MARGIN_SECONDS)
    assert list_ended().entries == ()


def test_the_window_is_at_least_as_long_as_it_says(list_ended: ListEnded, feed: MemoryEndedFeed, clock: Clock) -> None:
    """The first slot of the window counts as a whole, at each second of a slot."""
    for second in range(SLOT_SECONDS):
        now_seconds = clock() // 1000
        feed.put(slot_of(now_seconds - WINDOW_SECONDS), [f"{second:011}"])
        assert f"{second:011}" in list_ended().entries
        clock.advance(seconds=1)


def test_a_feed_that_cannot_be_read_gives_no_list(list_ended: ListEnded, feed: MemoryEndedFeed) -> None:
    """DC-3: an empty list would mean that no session has ended."""
    feed.is_down = True

    with pytest.raises(TemporarilyUnavailable):
        list_ended()

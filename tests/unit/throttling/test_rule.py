"""The throttling rule: whether an attempt may be made, and what its counter becomes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import Backoff, Counted, Rate
from edge_auth.throttling.rule import next_attempt, next_booking, seconds_between

BACKOFF = Backoff(free_attempts=3, longest_seconds=60, memory_seconds=3600)
RATE = Rate(attempts=10, seconds=10, burst=3)
NOW_MS = 2_000_000_000_000
NEW = Counted("a", 0, 0, 0)


def wait_of(found: Counted, now_ms: int) -> int:
    """Return for how many seconds the next attempt is refused; 0 if it may be made."""
    try:
        next_attempt(found, BACKOFF, now_ms)
    except TooManyAttempts as error:
        return error.retry_after_seconds
    return 0


def test_free_attempts_follow_each_other_without_a_wait() -> None:
    """P11: three mistakes may come at the same time. The fourth attempt waits one second."""
    counted = NEW
    for attempts in (1, 2, 3):
        counted = next_attempt(counted, BACKOFF, NOW_MS)
        assert (counted.attempts, counted.counted_at_ms) == (attempts, NOW_MS)
    assert wait_of(counted, NOW_MS) == wait_of(counted, NOW_MS + 999) == 1
    assert wait_of(counted, NOW_MS + 1000) == 0


def test_an_attempt_that_waits_does_not_count() -> None:
    """The rule changes no counter. It returns a new one."""
    counted = Counted("a", 5, NOW_MS + 2000, NOW_MS)
    assert wait_of(counted, NOW_MS) == 2
    assert next_attempt(counted, BACKOFF, NOW_MS + 2000).attempts == 6


def test_a_quiet_time_forgets_attempts() -> None:
    """P11: after a quiet time the next attempt counts as the first one, even if it had to wait."""
    counted = Counted("a", 50, NOW_MS + 99_999_999, NOW_MS)
    assert wait_of(counted, NOW_MS + 3_599_999) > 0
    assert next_attempt(counted, BACKOFF, NOW_MS + 3_600_000).attempts == 1


def test_the_proven_sources_stay() -> None:
    """An attempt does not change the proven sources."""
    assert next_attempt(NEW._replace(proven={"home": 1}), BACKOFF, NOW_MS).proven == {"home": 1}


def test_bookings_have_a_burst_and_then_a_rate() -> None:
    """P13: three attempts pass at once, then one each second."""
    taken = 0
    for _ in range(3):
        taken = next_booking(taken, RATE, NOW_MS)
    with pytest.raises(TooManyAttempts) as refused:
        next_booking(taken, RATE, NOW_MS)
    assert refused.value.retry_after_seconds == 1
    assert next_booking(taken, RATE, NOW_MS + 1000) == taken + 1000


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_bookings_never_exceed_the_rate_by_more_than_the_burst(steps: list[int]) -> None:
    """P13: in any span of time, at most the rate's share and the burst pass."""
    taken, now_ms, let_through = 0, NOW_MS, 0
    for step in steps:
        now_ms += step
        try:
            taken = next_booking(taken, RATE, now_ms)
        except TooManyAttempts:
            continue
        let_through += 1
    assert let_through <= RATE.burst + (now_ms - NOW_MS) // RATE.interval_ms


@pytest.mark.parametrize(("wait_ms", "seconds"), [(-5, 1), (0, 1), (1, 1), (1000, 1), (1001, 2), (900_000, 900)])
def test_waits_are_whole_seconds_and_at_least_one(wait_ms: int, seconds: int) -> None:
    """RFC 9110 §10.2.3: Retry-After has whole seconds, and 0 would make the client retry at once."""
    assert seconds_between(NOW_MS, NOW_MS + wait_ms) == seconds

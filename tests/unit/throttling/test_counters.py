"""The counters of attempts: how long an attempt waits."""

from hypothesis import given
from hypothesis import strategies as st

from edge_auth.throttling.counters import Attempt, Backoff, Booked, Rate, Tries, bucket

BACKOFF = Backoff(free_attempts=5, longest_seconds=960, memory_seconds=86_400, undecided_seconds=300)


def test_waits_double_from_a_second_to_the_longest() -> None:
    """P11: the first attempt that is not free waits a second, and each wait is limited."""
    waits = [BACKOFF.wait_ms(waited) // 1000 for waited in range(12)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 960, 960]


@given(st.integers(0, 10**12))
def test_a_wait_is_never_longer_than_the_longest(waited: int) -> None:
    """P11: the wait stays limited after any number of attempts."""
    assert 1000 <= BACKOFF.wait_ms(waited) <= 960_000


def test_a_rate_lets_its_burst_through_at_once() -> None:
    """With ten attempts a minute, one takes six seconds. A burst of four lets three be ahead of the clock."""
    rate = Rate(attempts=10, seconds=60, burst=4)
    assert (rate.interval_ms, rate.ahead_ms) == (6000, 18_000)


def test_buckets_of_different_parts_differ() -> None:
    """Different parts give different names, and all names have the same length."""
    names = [bucket("login", "ab", "c"), bucket("login", "a", "bc"), bucket("loginab", "c"), bucket("x" * 1000)]
    assert len(set(names)) == 4
    assert {len(name) for name in names} == {32}


def test_a_new_counter_says_nothing() -> None:
    """It is stored as no item at all, so nothing is taken from a source or a user who has not tried yet."""
    assert Booked() == Booked(taken_until_ms=0, seen_ms=0)
    assert Tries() == Tries(free=frozenset(), failed=frozenset(), waited=0, last=Attempt("", 0))

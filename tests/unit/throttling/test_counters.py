"""The counters of attempts: how long an attempt waits."""

from hypothesis import given
from hypothesis import strategies as st

from edge_auth.throttling.counters import MAX_PROVEN_SOURCES, PROVEN_SECONDS, Backoff, Counted, Rate, bucket

BACKOFF = Backoff(free_attempts=5, longest_seconds=900, memory_seconds=86_400)
NOW_MS = 2_000_000_000_000


def test_waits_double_from_a_second_to_the_longest() -> None:
    """P11: a few mistakes cost no wait, and each wait is limited."""
    waits = [BACKOFF.wait_ms(attempts) // 1000 for attempts in range(17)]
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


@given(st.integers(0, 10**12))
def test_a_wait_is_never_longer_than_the_longest(attempts: int) -> None:
    """P11: the wait stays limited after any number of attempts."""
    assert 0 <= BACKOFF.wait_ms(attempts) <= 900_000


def test_a_rate_lets_its_burst_through_at_once() -> None:
    """With ten attempts a minute, one takes six seconds. A burst of four lets three be ahead of the clock."""
    rate = Rate(attempts=10, seconds=60, burst=4)
    assert (rate.interval_ms, rate.ahead_ms) == (6000, 18_000)


def test_a_source_is_proven_for_thirty_days() -> None:
    """After thirty days the source is not proven any more."""
    counted = Counted("a", 1, 0, 0, Counted("a", 1, 0, 0).with_proven("home", NOW_MS))
    assert counted.is_proven("home", NOW_MS + PROVEN_SECONDS * 1000 - 1)
    assert not counted.is_proven("home", NOW_MS + PROVEN_SECONDS * 1000)
    assert not counted.is_proven("elsewhere", NOW_MS)


def test_the_latest_sources_are_remembered() -> None:
    """A counter does not grow with every network that a user visits."""
    counted = Counted("a", 1, 0, 0)
    for number in range(MAX_PROVEN_SOURCES + 5):
        counted = Counted("a", 1, 0, 0, counted.with_proven(f"s{number}", NOW_MS + number * 1000))
    assert list(counted.proven) == [f"s{number}" for number in range(5, MAX_PROVEN_SOURCES + 5)]


def test_a_source_whose_time_is_up_is_forgotten_with_the_next_success() -> None:
    """No source is remembered forever."""
    old = Counted("a", 1, 0, 0, {"old": NOW_MS // 1000})
    assert list(old.with_proven("new", NOW_MS)) == ["new"]


def test_buckets_of_different_parts_differ() -> None:
    """Different parts give different names, and all names have the same length."""
    names = [bucket("login", "ab", "c"), bucket("login", "a", "bc"), bucket("loginab", "c"), bucket("x" * 1000)]
    assert len(set(names)) == 4
    assert {len(name) for name in names} == {32}

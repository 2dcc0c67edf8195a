"""The throttling rule: whether an attempt may be made, and what its counter becomes."""

from collections.abc import Iterable
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import Attempt, Backoff, Booked, Rate, Tries
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from edge_auth.throttling.rule import AttemptsUndecided, forgotten, next_attempt, next_booking, seconds_between

BACKOFF = Backoff(free_attempts=3, longest_seconds=60, memory_seconds=3600, undecided_seconds=30)
RATE = Rate(attempts=10, seconds=10, burst=3)
NOW_MS = 2_000_000_000_000
DAY_MS = 86_400_000
# P11: what a day lets through: five at once, ten with waits of 1, 2, 4 ... 512 seconds, and one each 16 minutes.
GUESSES_A_DAY = 5 + 10 + (86_400 - 1023) // 960

_ids = count()


def attempt_at(now_ms: int) -> Attempt:
    """Return a new attempt."""
    return Attempt(f"{next(_ids)}", now_ms)


def failures(*times_ms: int) -> Tries:
    """Return a counter of free attempts that have failed at these times."""
    free = frozenset(map(attempt_at, times_ms))
    return Tries(free, failed=free)


def undecided(*times_ms: int) -> Tries:
    """Return a counter of free attempts that are under way."""
    return Tries(frozenset(map(attempt_at, times_ms)))


def wait_of(found: Tries, now_ms: int) -> int:
    """Return for how many seconds the next attempt is refused; 0 if it may be made."""
    try:
        next_attempt(found, attempt_at(now_ms), BACKOFF)
    except TooManyAttempts as error:
        return error.retry_after_seconds
    return 0


def test_free_attempts_follow_each_other_without_a_wait() -> None:
    """P11: three mistakes may come at the same time. The fourth attempt waits one second."""
    tries = Tries()
    for number in (1, 2, 3):
        tries = next_attempt(tries, attempt_at(NOW_MS), BACKOFF)
        assert (len(tries.free), tries.waited) == (number, 0)
    tries = tries._replace(failed=tries.free)
    assert wait_of(tries, NOW_MS) == wait_of(tries, NOW_MS + 999) == 1
    assert wait_of(tries, NOW_MS + 1000) == 0


def test_each_attempt_that_had_to_wait_doubles_the_next_wait() -> None:
    """P11: the waits are counted from the last attempt that was let through."""
    tries, waits = failures(NOW_MS, NOW_MS, NOW_MS), []
    now_ms = NOW_MS
    for _ in range(9):
        waits.append(wait_of(tries, now_ms))
        now_ms += waits[-1] * 1000
        tries = next_attempt(tries, attempt_at(now_ms), BACKOFF)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert len(tries.free) == 3


def test_an_attempt_that_waits_does_not_count() -> None:
    """The rule changes no counter. It returns a new one, or raises."""
    tries = failures(NOW_MS, NOW_MS, NOW_MS)
    assert [wait_of(tries, NOW_MS) for _ in range(50)] == [1] * 50


def test_an_attempt_that_is_counted_already_is_not_counted_again() -> None:
    """F1: a write that is repeated after a lost response finds its own attempt, free or not."""
    free, waited = attempt_at(NOW_MS), attempt_at(NOW_MS)
    tries = Tries(frozenset({free, attempt_at(NOW_MS), attempt_at(NOW_MS)}))
    assert next_attempt(tries, free, BACKOFF) == tries
    tries = failures(NOW_MS, NOW_MS, NOW_MS)._replace(waited=7, last=waited)
    assert next_attempt(tries, waited, BACKOFF) == tries


def test_each_failure_is_forgotten_by_itself() -> None:
    """P11: a mistake is forgotten after the memory of the backoff, and its place is free again."""
    tries = failures(NOW_MS, NOW_MS + 600_000, NOW_MS + 1_200_000)
    assert wait_of(tries, NOW_MS + 3_599_999) == 0  # it had to wait, and the wait is over
    later = attempt_at(NOW_MS + 3_600_000)
    after = next_attempt(tries, later, BACKOFF)
    assert after == tries._replace(free=tries.free | {later})
    [over] = forgotten(tries, later, BACKOFF)
    assert over.at_ms == NOW_MS
    assert forgotten(after, later, BACKOFF) == {over}


def test_attempts_that_had_to_wait_keep_no_place_taken() -> None:
    """A script that logs in during an attack makes no attempt wait once the failures of the attack are forgotten."""
    tries = failures(NOW_MS, NOW_MS, NOW_MS)._replace(waited=40, last=attempt_at(NOW_MS + 3_590_000))
    assert wait_of(tries, NOW_MS + 3_599_999) == 51
    assert wait_of(tries, NOW_MS + 3_600_000) == 0


def test_the_waits_begin_anew_after_a_quiet_time() -> None:
    """P11: attempts that had to wait are forgotten together, after the same memory."""
    tries = failures(NOW_MS, NOW_MS, NOW_MS)._replace(waited=40, last=attempt_at(NOW_MS))
    later = NOW_MS + 3_600_000
    again = Tries(failures(later, later, later).free, waited=40, last=tries.last)
    again = again._replace(failed=again.free)
    assert wait_of(again, later) == 1


def test_attempts_under_way_refuse_no_attempt() -> None:
    """Whether they fail decides whether the next attempt has to wait. So it is asked again."""
    with pytest.raises(AttemptsUndecided):
        next_attempt(undecided(NOW_MS, NOW_MS, NOW_MS), attempt_at(NOW_MS), BACKOFF)
    almost = undecided(NOW_MS, NOW_MS, NOW_MS)
    almost = almost._replace(failed=frozenset(list(almost.free)[:2]))
    with pytest.raises(AttemptsUndecided):
        next_attempt(almost, attempt_at(NOW_MS), BACKOFF)


def test_an_attempt_without_an_outcome_counts_as_failed_later() -> None:
    """P11: an attempt whose function ended too early is not free for ever."""
    lost = undecided(NOW_MS, NOW_MS, NOW_MS)._replace(waited=3, last=attempt_at(NOW_MS + 29_000))
    with pytest.raises(AttemptsUndecided):
        next_attempt(lost, attempt_at(NOW_MS + 29_999), BACKOFF)
    assert wait_of(lost, NOW_MS + 30_000) == 7


def test_attempts_under_way_have_no_outcome_for_a_clock_that_is_behind() -> None:
    """Machines whose clocks differ by two minutes agree on what is under way."""
    ahead = undecided(NOW_MS + 120_000, NOW_MS + 120_000, NOW_MS + 120_000)
    with pytest.raises(AttemptsUndecided):
        next_attempt(ahead, attempt_at(NOW_MS), BACKOFF)
    assert PASSWORD_BACKOFF.undecided_seconds > 2 * 120 + 20


def greedy(times_ms: Iterable[int]) -> list[int]:
    """Return which of these attempts are let through; each one fails."""
    tries, through = Tries(), []
    for now_ms in times_ms:
        try:
            tries = next_attempt(tries, attempt_at(now_ms), PASSWORD_BACKOFF)
        except TooManyAttempts:
            continue
        tries = tries._replace(failed=tries.free)
        through.append(now_ms)
    return through


def most_in_a_day(through: list[int]) -> int:
    """Return the largest number of these times in any 24 hours."""
    return max(sum(begin <= time < begin + DAY_MS for time in through) for begin in through)


def test_a_greedy_attacker_has_the_stated_guesses_in_any_day() -> None:
    """P11: 103 wrong passwords in any 24 hours, however long the attack lasts and however many addresses make it."""
    assert GUESSES_A_DAY == 103
    times = [NOW_MS + second * 1000 for second in range(2 * 86_400)]
    through = greedy([NOW_MS] * 9 + times)
    assert through[:5] == [NOW_MS] * 5
    assert sum(time < NOW_MS + DAY_MS for time in through) == GUESSES_A_DAY
    assert most_in_a_day(through) == GUESSES_A_DAY


@pytest.mark.parametrize("rest_hours", [0, 1, 12, 23, 24])
def test_in_the_long_run_no_attacker_has_more_than_96_guesses_a_day(rest_hours: int) -> None:
    """P11: five are forgotten each day, and one more has waited each 16 minutes. To rest gains nothing."""
    tries, now_ms, guesses, rest_ms = Tries(), NOW_MS, 0, rest_hours * 3_600_000
    began_ms = now_ms
    while now_ms < NOW_MS + 60 * DAY_MS:
        if rest_ms and now_ms - began_ms >= DAY_MS:
            began_ms = now_ms = now_ms + rest_ms
        try:
            tries = next_attempt(tries, attempt_at(now_ms), PASSWORD_BACKOFF)
        except TooManyAttempts as error:
            forgotten_at_ms = min(one.at_ms for one in tries.free) + DAY_MS
            now_ms = min(now_ms + error.retry_after_seconds * 1000, max(forgotten_at_ms, now_ms + 1000))
            continue
        tries = tries._replace(free=tries.free - forgotten(tries, attempt_at(now_ms), PASSWORD_BACKOFF))
        tries = tries._replace(failed=tries.free)
        guesses += 1
    assert 40 < guesses / 60 <= (96 if rest_ms else 95.2)


@given(st.lists(st.integers(0, 20_000_000), min_size=1, max_size=400), st.sampled_from([1, 6]))
def test_no_other_pace_has_more_guesses_in_a_day(steps: list[int], at_once: int) -> None:
    """P11: an attacker who pauses, so that failures are forgotten, has no more guesses in any 24 hours."""
    now_ms, times = NOW_MS, []
    for step in steps:
        now_ms += step
        times += [now_ms] * at_once
    through = greedy(times)
    if through:
        assert most_in_a_day(through) <= GUESSES_A_DAY


def test_bookings_have_a_burst_and_then_a_rate() -> None:
    """P13: three attempts pass at once, then one each second."""
    booked = Booked()
    for _ in range(3):
        booked = next_booking(booked, RATE, NOW_MS)
    with pytest.raises(TooManyAttempts) as refused:
        next_booking(booked, RATE, NOW_MS)
    assert refused.value.retry_after_seconds == 1
    assert next_booking(booked, RATE, NOW_MS + 1000) == Booked(booked.taken_until_ms + 1000, NOW_MS + 1000)


def test_a_clock_that_is_behind_does_not_wait_for_one_that_is_ahead() -> None:
    """P13: two machines whose clocks differ by two minutes let through as many as one of them."""
    booked = next_booking(Booked(), RATE, NOW_MS + 120_000)
    booked = next_booking(booked, RATE, NOW_MS)
    booked = next_booking(booked, RATE, NOW_MS)
    for now_ms in (NOW_MS, NOW_MS + 120_000):
        with pytest.raises(TooManyAttempts) as refused:
            next_booking(booked, RATE, now_ms)
        assert refused.value.retry_after_seconds == 1


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=60))
def test_bookings_never_exceed_the_rate_by_more_than_the_burst(steps: list[int]) -> None:
    """P13: in any span of time, at most the rate's share and the burst pass."""
    booked, now_ms, let_through = Booked(), NOW_MS, 0
    for step in steps:
        now_ms += step
        try:
            booked = next_booking(booked, RATE, now_ms)
        except TooManyAttempts:
            continue
        let_through += 1
    assert let_through <= RATE.burst + (now_ms - NOW_MS) // RATE.interval_ms


@pytest.mark.parametrize(("wait_ms", "seconds"), [(-5, 1), (0, 1), (1, 1), (1000, 1), (1001, 2), (900_000, 900)])
def test_waits_are_whole_seconds_and_at_least_one(wait_ms: int, seconds: int) -> None:
    """RFC 9110 §10.2.3: Retry-After has whole seconds, and 0 would make the client retry at once."""
    assert seconds_between(NOW_MS, NOW_MS + wait_ms) == seconds

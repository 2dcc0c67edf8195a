"""Attempts at the same moment: in threads, where writes are atomic, and interleaved between the writes of one."""

import os
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from edge_auth.credentials.passwords import check_password
from edge_auth.credentials.profiles import OUR_PROFILES
from edge_auth.errors import InvalidCredentials, TooManyAttempts
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.throttling.counters import Rate
from edge_auth.throttling.limits import PASSWORD_BACKOFF, RateLimit, login_limit
from edge_auth.throttling.rule import AttemptsUndecided
from tests.support.dynamodb.counting import BACKOFF, Counting, interrupted
from tests.support.dynamodb.engines import ATOMIC_ENGINES

# At once, in memory. A real engine on the same machine gets fewer, because each of them takes many requests.
CALLERS = 200
CALLERS_OF_A_REAL_ENGINE = min(CALLERS, max(40, int(os.environ.get("EDGE_AUTH_RACES", "0"))))


def callers(counting: Counting) -> int:
    """Return how many race on this engine."""
    return CALLERS if counting.client is None else CALLERS_OF_A_REAL_ENGINE


@pytest.mark.parametrize("counting", ATOMIC_ENGINES, indirect=True)
def test_of_many_at_once_only_the_free_ones_are_let_through(counting: Counting) -> None:
    """P12: of 200 attempts at once three are let through, and of 200 bookings at once three."""
    let_through: list[str] = []

    def run(act: str) -> None:
        try:
            counting.fails() if act == "count" else counting.books()
        except (TooManyAttempts, AttemptsUndecided):
            return
        let_through.append(act)

    in_threads([partial(run, act) for act in ("count", "book") for _ in range(callers(counting))])

    assert sorted(let_through) == ["book"] * 3 + ["count"] * 3


@pytest.mark.parametrize("counting", ATOMIC_ENGINES, indirect=True)
def test_neighbours_in_ipv6_at_the_same_moment_are_all_booked(counting: Counting) -> None:
    """P13: 100 phones of one /48, each with a /64 of its own. None is refused, and none is lost."""
    limits = [login_limit("ada", f"2001:db8:0:{number:x}::1").rate for number in range(100)]
    rate = Rate(attempts=1, seconds=60, burst=max(Counter(limits).values()))
    books = partial(counting.attempts.book, rate=rate, now_ms=counting.now_ms)

    in_threads([partial(books, limit.bucket) for limit in limits])

    for name, number in Counter(limit.bucket for limit in limits).items():
        for _ in range(number, rate.burst):
            books(name)
        with pytest.raises(TooManyAttempts):
            books(name)


@pytest.mark.parametrize("counting", ATOMIC_ENGINES, indirect=True)
def test_of_many_at_the_end_of_a_wait_one_is_let_through(counting: Counting) -> None:
    """P12: 100 attempts come at the moment when a wait ends."""
    for _ in range(3):
        counting.fails()
    counting.passes(1)
    let_through: list[bool] = []

    def run() -> None:
        try:
            let_through.append(counting.fails())
        except TooManyAttempts:
            return

    in_threads([run] * 100)

    assert let_through == [False]
    assert counting.waits() == 2


def in_threads(acts: list[Callable[[], object]]) -> None:
    """Run all acts at once."""
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("forgotten", [0, PASSWORD_BACKOFF.free_attempts])
@pytest.mark.parametrize("right", [True, False])
@pytest.mark.parametrize("counting", ATOMIC_ENGINES, indirect=True)
def test_a_burst_of_passwords_is_hashed_as_often_as_the_limit_says(
    counting: Counting, *, right: bool, forgotten: int
) -> None:
    """P12: of 200 wrong ones at once, five run Argon2 and the others wait.

    Of 20 right ones, on two machines whose clocks differ by two minutes, all are let through. Failures that are
    forgotten make no difference.
    """
    account = login_limit("ada", "203.0.113.7")._replace(rate=RateLimit("rate", Rate(1, 1, burst=1000)))
    for _ in range(forgotten):
        attempts = counting.attempts
        attempts.fail(attempts.count(account.counter, counting.attempt(), PASSWORD_BACKOFF))
    counting.passes(PASSWORD_BACKOFF.memory_seconds)
    events: list[object] = []
    number, outcomes = (20 if right else callers(counting)), list[type[Exception] | None]()
    all_there, turns = threading.Barrier(number), threading.Condition()

    def pause(_seconds: float) -> None:
        with turns:
            turns.wait(timeout=0.05)

    def log_in(skew_ms: int) -> None:
        limit = PasswordAttemptLimit(
            attempts=counting.attempts,
            clock=lambda: counting.now_ms + skew_ms,
            entropy=os.urandom,
            pause=pause,
            record=events.append,
        )
        all_there.wait()
        try:
            attempt = limit.admit(account)
        except TooManyAttempts as error:
            outcomes.append(type(error))
            return
        if right:
            limit.succeeded(attempt, "id")
            outcomes.append(None)
        else:
            with pytest.raises(InvalidCredentials):
                check_password(b"wrong", None, OUR_PROFILES)
            limit.failed(attempt, "id")
            outcomes.append(InvalidCredentials)

    skews_ms = (0, 120_000) if right else (0, 0)
    in_threads([partial(log_in, skew_ms) for skew_ms in skews_ms for _ in range(number // 2)])

    if right:
        assert outcomes == [None] * number
    else:
        assert outcomes.count(InvalidCredentials) == PASSWORD_BACKOFF.free_attempts
        assert outcomes.count(TooManyAttempts) == number - PASSWORD_BACKOFF.free_attempts


def test_of_two_that_see_the_end_of_a_wait_one_is_let_through(stored: Counting) -> None:
    """P12: another attempt is counted between the first look and the write. Then the next wait has begun."""
    for _ in range(3):
        stored.fails()
    stored.passes(1)
    assert interrupted(stored, second=stored.fails).waits() == 2
    stored.passes(2)
    assert interrupted(stored, second=stored.fails).waits() == 4


def test_a_look_that_loses_to_a_success_looks_again(stored: Counting) -> None:
    """An attempt finds forgotten failures, and meanwhile others succeed or fail. All of them are counted rightly."""
    for _ in range(2):
        stored.fails()
    stored.passes(BACKOFF.memory_seconds)
    under_way = stored.tries()
    succeeds = partial(stored.attempts.forget, under_way)
    assert interrupted(stored, second=succeeds).fails() is True
    assert interrupted(stored, first=stored.fails).fails() is True
    assert stored.waits() == 1


def test_a_failure_that_is_noted_during_a_look_is_not_lost(stored: Counting) -> None:
    """P11: the attempt that takes a forgotten place keeps the outcomes of the others."""
    for _ in range(2):
        stored.fails()
    stored.passes(BACKOFF.memory_seconds)
    under_way = stored.tries()
    fails = partial(stored.attempts.fail, under_way)
    assert interrupted(stored, second=fails).fails() is True
    assert stored.fails() is True
    assert stored.waits() == 1


def test_a_wait_that_is_ended_during_a_look_is_ended(stored: Counting) -> None:
    """An attempt whose counter is deleted before its write is a free one."""
    for _ in range(3):
        stored.fails()
    stored.passes(1)
    assert interrupted(stored, second=partial(stored.attempts.end_wait, "ada")).fails() is True
    assert [stored.fails() for _ in range(2)] == [True] * 2
    assert stored.waits() == 1


def test_a_booking_that_loses_to_a_clock_that_is_ahead_looks_again(stored: Counting) -> None:
    """P13: between the first look and the write, another machine books two minutes later. There is still room."""
    stored.books()

    def books_ahead() -> None:
        stored.passes(120)
        stored.books()
        stored.passes(-120)

    interrupted(stored, second=books_ahead).books()
    stored.books()
    assert stored.books_out() == 10

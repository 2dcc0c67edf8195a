"""The authorizer's copy of the feed: when it is read, what it refuses, and what happens if it cannot be read."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from edge_auth.authorizer.ended_sessions import (
    FAILURE,
    FORGET_SECONDS,
    OVERLAP_SECONDS,
    RETRY_SECONDS,
    WAIT_SECONDS,
    CannotDecide,
    EndedSessions,
    run_in_thread,
)
from edge_auth.authorizer.feed_reads import Reading
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.two_clocks import Clocks
from edge_auth.errors import InvalidToken
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.ended_feed import WINDOW_MARGIN_SECONDS, entry_of, slot_of
from tests.support.access_tokens import CLAIMS, NOW

TOKEN_SECONDS = 900
BOUND = 5
DEAD, LIVING = "dead-session-0123456789", "living-session-01234567"


def at_once(act: Callable[[], None], _seconds: float) -> None:
    """Run without a thread."""
    act()


@dataclass
class Copy:
    """A copy of a feed, with clocks that the test sets."""

    is_closed: bool = False
    bound: int = BOUND
    run: Callable[[Callable[[], None], float], None] = at_once
    monotonic: float = 50.0
    wall: float = float(NOW)
    store_ahead: float | None = 0.0
    slots: dict[int, list[str]] = field(default_factory=dict)
    kids: frozenset[str] = frozenset()
    failure: Exception | None = None
    asked: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin cold."""
        self.copy = EndedSessions(
            self.read,
            clocks=Clocks(lambda: self.monotonic, lambda: self.wall),
            access_token_seconds=TOKEN_SECONDS,
            revocation_seconds=self.bound,
            is_closed=self.is_closed,
            run=self.run,
        )

    def read(self, since: int) -> Reading:
        """Answer as the feed does."""
        self.asked.append(since)
        if self.failure is not None:
            raise self.failure
        date = None if self.store_ahead is None else int(self.wall + self.store_ahead)
        found = {slot: sids for slot, sids in self.slots.items() if slot >= slot_of(since)}
        return Reading(found, self.kids, date)

    def end(self, sid: str, ago: int = 0) -> None:
        """End a session."""
        self.slots.setdefault(slot_of(int(self.wall) - ago), []).append(entry_of(sid))

    def go_on(self, seconds: float) -> None:
        """Let both clocks go on."""
        self.monotonic += seconds
        self.wall += seconds

    def accepts(self, sid: str, *, iat: int | None = None) -> bool:
        """Return whether a token of this session is accepted."""
        claims = CLAIMS._replace(sid=sid, iat=int(self.wall) if iat is None else iat)
        return accepts(self.copy, claims)


def accepts(copy: EndedSessions, claims: AccessClaims) -> bool:
    """Ask until there is a decision, as the authorizer does."""
    try:
        while not copy.decides(claims):
            pass
    except InvalidToken:
        return False
    return True


def test_the_tokens_of_an_ended_session_are_refused_and_those_of_others_are_not() -> None:
    """The first request reads the feed."""
    feed = Copy()
    feed.end(DEAD)

    assert [feed.accepts(DEAD), feed.accepts(LIVING)] == [False, True]
    assert len(feed.asked) == 1


def test_a_copy_is_read_again_when_it_is_too_old_and_not_before() -> None:
    """One read in RevocationSeconds, however many requests there are; and none without a request."""
    feed = Copy()
    feed.accepts(LIVING)
    feed.end(DEAD)

    assert [feed.accepts(DEAD) for _ in range(10)] == [True] * 10
    feed.go_on(BOUND)
    assert feed.accepts(DEAD)
    feed.go_on(0.001)
    assert not feed.accepts(DEAD)
    assert len(feed.asked) == 2


@pytest.mark.parametrize(("monotonic", "wall"), [(BOUND + 1, 0), (0, BOUND + 1), (3, -0.001), (-1, 3)])
def test_after_a_freeze_the_copy_is_read_again(monotonic: float, wall: float) -> None:
    """By either clock: one may stand still in a freeze, and one may be set back."""
    feed = Copy()
    feed.accepts(LIVING)
    feed.end(DEAD)
    feed.monotonic += monotonic
    feed.wall += wall

    assert not feed.accepts(DEAD)


def test_the_first_read_is_of_the_whole_window_and_the_next_ones_go_by_the_stores_clock() -> None:
    """The store's clock and our own may differ by hours: the last read's time by the store is what counts."""
    feed = Copy(store_ahead=-7000.0)
    for _ in range(3):
        feed.accepts(LIVING)
        feed.go_on(BOUND + 1)

    assert feed.asked == [
        NOW - TOKEN_SECONDS - WINDOW_MARGIN_SECONDS,
        NOW - 7000 - 60,
        NOW - 7000 + BOUND + 1 - 60,
    ]


def test_without_the_stores_time_each_read_is_of_the_whole_window() -> None:
    """No clock of the reader is trusted for a shorter one."""
    feed = Copy(store_ahead=None)
    for _ in range(3):
        feed.accepts(LIVING)
        feed.go_on(BOUND + 1)

    assert [since - feed.asked[0] for since in feed.asked] == [0, BOUND + 1, 2 * (BOUND + 1)]


def test_a_clock_that_was_an_hour_ahead_at_the_first_read_loses_nothing() -> None:
    """Its window was too short for the right time, so the copy is read as a whole again."""
    feed = Copy()
    feed.end(DEAD)
    feed.wall += 3600
    feed.store_ahead = -3600.0
    feed.accepts(LIVING)
    feed.monotonic += 3601
    feed.wall += 1 - 3600
    feed.store_ahead = 0.0

    assert not feed.accepts(DEAD)


def test_a_clock_that_was_ahead_while_the_answer_came_loses_nothing() -> None:
    """Ends were forgotten by that clock, and by a store that was ahead too. So the whole window is read again."""
    feed = Copy()
    feed.end(DEAD)

    def with_a_jump(act: Callable[[], None], _seconds: float) -> None:
        feed.wall += 3600
        act()

    feed.copy._run = with_a_jump
    assert feed.copy.read()
    feed.copy._run = at_once
    feed.monotonic += 1
    feed.wall = NOW + 1.0

    assert not feed.accepts(DEAD)
    assert feed.asked[1:] == [NOW + 1 - TOKEN_SECONDS - WINDOW_MARGIN_SECONDS]


def test_a_read_that_is_asked_for_reads_although_the_copy_is_fresh() -> None:
    """A token with an unknown key asks for it. From then on, the last minute by the store's clock is read."""
    feed = Copy()
    feed.accepts(LIVING)

    assert feed.copy.read()
    assert feed.asked == [NOW - TOKEN_SECONDS - WINDOW_MARGIN_SECONDS, NOW - OVERLAP_SECONDS]


def test_a_read_that_fails_brings_no_newer_copy() -> None:
    """So the token is not verified again."""
    assert not Copy(failure=RequestFailed("outage")).copy.read()


def test_an_end_in_an_answer_that_came_too_late_is_known_though_the_next_read_fails() -> None:
    """An end is for ever, and the copy is newer than none."""
    late: list[Callable[[], None]] = []
    feed = Copy(run=lambda act, _seconds: late.append(act))
    feed.end(DEAD)
    assert feed.accepts(DEAD)
    late.pop()()
    feed.go_on(BOUND + 1)
    feed.copy._run = at_once
    feed.failure = RequestFailed("outage")

    assert not feed.accepts(DEAD)


@pytest.mark.parametrize(("bound", "seconds"), [(1, 0.5), (2, 1.0), (60, 1.0)])
def test_a_read_is_waited_for_a_second_or_half_the_bound(bound: int, seconds: float) -> None:
    """A longer wait would make an answer too old at once."""
    waits = list[float]()
    Copy(bound=bound, run=lambda _act, wait: waits.append(wait)).accepts(LIVING)

    assert waits == [seconds]


def test_ends_are_forgotten_once_a_minute() -> None:
    """At the minute, and not after it: the copy of a busy authorizer is looked through seldom."""
    feed = Copy()
    feed.end(DEAD)
    feed.accepts(DEAD)
    feed.slots.clear()
    feed.go_on(TOKEN_SECONDS + WINDOW_MARGIN_SECONDS)
    feed.accepts(LIVING)
    feed.go_on(FORGET_SECONDS - 1)
    feed.accepts(LIVING)
    assert feed.copy._entries != {}

    feed.go_on(1)
    feed.copy.read()
    assert feed.copy._entries == {}


def test_an_end_is_forgotten_when_no_token_of_it_can_live() -> None:
    """Otherwise the copy would grow for ever. It is forgotten by both clocks, ours and the store's."""
    feed = Copy()
    feed.end(DEAD)
    feed.accepts(DEAD)
    feed.slots.clear()
    feed.go_on(TOKEN_SECONDS + WINDOW_MARGIN_SECONDS)
    assert not feed.accepts(DEAD)
    feed.go_on(FORGET_SECONDS)
    feed.store_ahead = -float(FORGET_SECONDS)
    feed.accepts(LIVING)
    assert feed.copy._entries != {}
    feed.go_on(FORGET_SECONDS)
    feed.store_ahead = 0.0
    feed.accepts(LIVING)

    assert feed.copy._entries == {}


def test_a_token_older_than_tokens_can_be_is_refused() -> None:
    """After AccessTokenSeconds was made shorter, older tokens live longer than the window of the feed."""
    feed = Copy()

    assert feed.accepts(LIVING, iat=NOW - TOKEN_SECONDS - 4)
    assert not feed.accepts(LIVING, iat=NOW - TOKEN_SECONDS - 5)


def test_withdrawn_keys_are_known_and_stay_known() -> None:
    """A kid is the hash of a key, so it never stands for another key."""
    feed = Copy(kids=frozenset({"key-1"}))
    feed.accepts(LIVING)
    feed.kids = frozenset({"key-2"})
    feed.go_on(BOUND + 1)
    feed.accepts(LIVING)

    assert feed.copy.withdrawn_kids == {"key-1", "key-2"}


def test_an_open_authorizer_that_cannot_read_goes_on_with_what_it_knows() -> None:
    """A known end stays known, and an unreadable table does not take the API down."""
    feed = Copy()
    feed.end(DEAD)
    feed.accepts(DEAD)
    feed.failure = RequestFailed("outage")
    feed.go_on(BOUND + 1)

    assert [feed.accepts(DEAD), feed.accepts(LIVING)] == [False, True]
    feed.failure = None
    feed.end(LIVING)
    feed.go_on(RETRY_SECONDS[0])
    assert not feed.accepts(LIVING)


def test_a_closed_authorizer_that_cannot_read_decides_nothing() -> None:
    """That is a 5xx. But a session that is known to have ended needs no fresh copy to be refused."""
    feed = Copy(is_closed=True)
    feed.end(DEAD)
    feed.accepts(DEAD)
    feed.failure = RequestFailed("outage")
    feed.go_on(BOUND + 1)

    assert not feed.accepts(DEAD)
    for _ in range(2):
        with pytest.raises(CannotDecide, match=f"^{FAILURE}$"):
            feed.accepts(LIVING)
    feed.failure = None
    feed.go_on(RETRY_SECONDS[0])
    assert feed.accepts(LIVING)


def test_while_it_fails_it_is_tried_less_and_less_often(caplog: pytest.LogCaptureFixture) -> None:
    """Otherwise a busy authorizer would mostly wait. Each failed attempt is one line for the alarm."""
    feed = Copy(failure=RequestFailed("outage"))
    times = []
    for tenth in range(600):
        before = len(feed.asked)
        assert feed.accepts(LIVING)
        times += [tenth / 10] * (len(feed.asked) - before)
        feed.go_on(0.1)

    waits = [round(later - earlier) for earlier, later in pairwise(times)]
    assert waits[:6] == [1, 2, 4, 8, 10, 10]
    lines = [record for record in caplog.records if record.getMessage() == FAILURE]
    assert len(lines) == len(times)
    assert {(record.levelno, vars(record)["reason"]) for record in lines} == {(logging.ERROR, "outage")}


def test_a_failed_read_tells_how_old_the_copy_is(caplog: pytest.LogCaptureFixture) -> None:
    """Without a copy, and after a clock was set back, there is no age, and the line is logged all the same."""
    feed = Copy(failure=RequestFailed("outage"))
    feed.accepts(LIVING)
    feed.failure = None
    feed.go_on(RETRY_SECONDS[0])
    feed.accepts(LIVING)
    feed.failure = RequestFailed("outage")
    feed.go_on(BOUND + 2.5)
    feed.accepts(LIVING)
    feed.monotonic -= 60
    feed.go_on(RETRY_SECONDS[0])
    feed.accepts(LIVING)

    assert [vars(record).get("copy_age_seconds") for record in caplog.records] == [None, BOUND + 2, None]


def test_after_a_success_the_waits_begin_anew() -> None:
    """Two outages are not one."""
    feed = Copy(failure=RequestFailed("outage"))
    for seconds in (0, 1, 2):
        feed.go_on(seconds)
        feed.accepts(LIVING)
    feed.failure = None
    feed.go_on(4)
    feed.accepts(LIVING)
    feed.failure = RequestFailed("outage")
    feed.go_on(BOUND + 1)
    asked = len(feed.asked)
    for seconds in (0, 1):
        feed.go_on(seconds)
        feed.accepts(LIVING)

    assert len(feed.asked) == asked + 2


@pytest.mark.parametrize("error", [ValueError("x"), RecursionError(), MemoryError(), KeyError("x")])
def test_an_unexpected_error_of_a_read_is_a_failed_read(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """In open mode nothing that a store sends is a 5xx. The log has the type and quotes nothing."""
    feed = Copy(failure=error)

    assert feed.accepts(LIVING)
    assert [vars(record)["reason"] for record in caplog.records] == [type(error).__name__]


def test_a_late_answer_serves_a_later_request() -> None:
    """Its age counts from when its read began."""
    late: list[Callable[[], None]] = []
    feed = Copy(run=lambda act, _seconds: late.append(act))
    feed.end(DEAD)

    assert feed.accepts(DEAD)
    late.pop()()
    feed.go_on(2)
    assert not feed.accepts(DEAD)
    assert feed.accepts(LIVING)
    assert len(feed.asked) == 1


def test_an_answer_that_is_too_late_is_taken_and_the_copy_is_read_again() -> None:
    """The ends in it are true, but others may be missing."""
    late: list[Callable[[], None]] = []
    feed = Copy(run=lambda act, _seconds: late.append(act))
    feed.end(DEAD)
    assert feed.accepts(DEAD)
    late.pop()()
    feed.end(LIVING)
    feed.go_on(BOUND + 1)
    feed.copy._run = at_once

    assert [feed.accepts(LIVING), feed.accepts(DEAD)] == [False, False]


@pytest.mark.parametrize("bound", [1, 2, 60])
@pytest.mark.parametrize("is_in_time", [True, False])
def test_a_request_waits_for_one_read_only(bound: int, *, is_in_time: bool) -> None:
    """Z18: answers that come at the end of the wait, or just after it, are never too old for the request itself."""
    waits: list[float] = []
    late: list[Callable[[], None]] = []
    feed = Copy(bound=bound)

    def at_the_end(act: Callable[[], None], seconds: float) -> None:
        waits.append(seconds)
        assert sum(waits) <= WAIT_SECONDS
        feed.go_on(seconds)
        if is_in_time:
            act()
        else:
            late.append(act)

    feed.copy._run = at_the_end
    for _ in range(3):
        while not feed.copy.decides(CLAIMS._replace(sid=LIVING, iat=int(feed.wall))):
            feed.go_on(0.001)  # the token is verified again, and meanwhile a late answer comes
            while late:
                late.pop()()
        while late:
            late.pop()()
        waits.clear()
        feed.go_on(bound + 10)


def test_a_read_that_hangs_is_waited_for_as_long_as_said() -> None:
    """Name resolution has no timeout. The thread goes on, and its answer is kept."""
    ended, hangs = threading.Event(), threading.Event()

    def act() -> None:
        hangs.wait(30)
        ended.set()

    run_in_thread(act, 0.01)
    assert not ended.is_set()
    hangs.set()
    assert ended.wait(30)
    assert WAIT_SECONDS == 1.0


def test_without_a_thread_there_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox may have no more threads. That is a failed read."""

    def no_thread(_self: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", no_thread)
    feed = Copy(run=run_in_thread, is_closed=True)

    with pytest.raises(CannotDecide):
        feed.accepts(LIVING)


def test_a_read_is_waited_for_in_a_thread_that_ends_with_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer in time serves the request that asked. A read that hangs must not keep a sandbox from its end."""
    waits, daemons, join = list[float | None](), list[bool](), threading.Thread.join

    def joined(thread: threading.Thread, timeout: float | None = None) -> None:
        waits.append(timeout)
        join(thread, timeout)

    monkeypatch.setattr(threading.Thread, "join", joined)
    run_in_thread(lambda: daemons.append(threading.current_thread().daemon), 30.0)
    assert (waits, daemons) == ([30.0], [True])


def test_a_read_without_an_answer_is_told_as_such(caplog: pytest.LogCaptureFixture) -> None:
    """There is no reason that the store has given."""
    feed = Copy(run=lambda _act, _seconds: None)

    assert feed.accepts(LIVING)
    assert [vars(record)["reason"] for record in caplog.records] == ["no answer"]

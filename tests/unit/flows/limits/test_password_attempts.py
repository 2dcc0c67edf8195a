"""The limit of attempts at passwords: which way lets an attempt through, and what happens while others go on."""

from dataclasses import dataclass, field

import pytest

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.limits.password_attempts import PAUSES_SECONDS, UNDECIDED_RETRY_SECONDS, PasswordAttemptLimit
from edge_auth.throttling.counters import Counted, Rate
from edge_auth.throttling.limits import PASSWORD_BACKOFF, PasswordLimit, RateLimit
from tests.support.deployment import Clock, CountingEntropy, Trouble, troubled
from tests.support.fakes.attempts import MemoryAttempts

FREE = PASSWORD_BACKOFF.free_attempts
RATE = RateLimit("rate", Rate(attempts=1, seconds=10, burst=3))
WIDE = RateLimit("wide", Rate(attempts=1, seconds=1, burst=1000))
WAY, OTHER_WAY = PasswordLimit(WIDE, "counter"), PasswordLimit(WIDE, "other counter")
NARROW_WAY = PasswordLimit(RATE, "counter")


@dataclass
class Limit:
    """The limit with its ports. While it pauses, the next act of `meanwhile` happens."""

    trouble: Trouble = field(default_factory=Trouble)
    clock: Clock = field(default_factory=Clock)
    events: list[SecurityEvent] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)
    meanwhile: list[Counted] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin without attempts."""
        self.limit = PasswordAttemptLimit(
            attempts=troubled(MemoryAttempts(), self.trouble),
            clock=self.clock,
            entropy=CountingEntropy(),
            pause=self.pause,
            record=self.events.append,
        )

    def pause(self, seconds: float) -> None:
        """Let the time pass, and an attempt that was under way succeed."""
        self.pauses.append(seconds)
        self.clock.pause(seconds)
        if self.meanwhile:
            self.limit.succeeded(self.meanwhile.pop(), "id")

    def fails(self, *ways: PasswordLimit) -> Counted:
        """Try once, with a wrong password."""
        attempt = self.limit.admit(*ways)
        self.limit.failed(attempt, "id")
        return attempt

    def waits(self, *ways: PasswordLimit) -> int:
        """Try once, be refused, and return the seconds to wait."""
        with pytest.raises(TooManyAttempts) as refused:
            self.limit.admit(*ways)
        return refused.value.retry_after_seconds


@pytest.fixture
def limit() -> Limit:
    """Return a limit without attempts."""
    return Limit()


def test_the_rate_comes_first_and_one_that_is_used_up_counts_nothing(limit: Limit) -> None:
    """P13: an address over its rate counts on no account, so it cannot make accounts wait."""
    for _ in range(3):
        limit.fails(NARROW_WAY)
    assert limit.trouble.acts == ["book", "count", "fail"] * 3
    limit.trouble.acts.clear()
    assert limit.waits(NARROW_WAY) == 10
    assert limit.trouble.acts == ["book"]
    assert [limit.fails(WAY).is_free for _ in range(FREE - 3)] == [True] * (FREE - 3)
    assert limit.waits(WAY) == 1


def test_a_source_that_has_to_wait_costs_no_call(limit: Limit) -> None:
    """A flood from one address costs one write, and then none until the wait is over."""
    for _ in range(3):
        limit.limit.succeeded(limit.limit.admit(NARROW_WAY), "id")
    limit.waits(NARROW_WAY)
    limit.trouble.acts.clear()
    limit.clock.advance(seconds=4)
    assert [limit.waits(NARROW_WAY) for _ in range(50)] == [6] * 50
    assert limit.trouble.acts == []
    limit.clock.advance(seconds=6)
    limit.fails(NARROW_WAY)


def test_the_first_way_that_lets_through_counts(limit: Limit) -> None:
    """P11: a device with its own counter does not ask the one that strangers have filled."""
    for _ in range(FREE):
        limit.fails(OTHER_WAY)
    limit.trouble.acts.clear()
    assert limit.fails(WAY, OTHER_WAY).counter == "counter"
    assert limit.trouble.acts == ["book", "count", "fail"]


def test_a_way_that_has_to_wait_is_no_drawback(limit: Limit) -> None:
    """A device whose own counter has to wait may still try as a stranger may. The answer is the shorter wait."""
    for _ in range(FREE):
        limit.fails(WAY)
    limit.clock.advance(seconds=1)
    limit.fails(WAY)
    assert [limit.fails(WAY, OTHER_WAY).counter for _ in range(FREE)] == ["other counter"] * FREE
    assert limit.waits(WAY, OTHER_WAY) == 1
    assert limit.waits(WAY) == 2
    assert limit.events == [SecurityEvent(EventName.LOGIN_THROTTLED, reason=f"wait {seconds} s") for seconds in (1, 2)]


def test_an_attempt_waits_for_those_that_are_under_way(limit: Limit) -> None:
    """Twenty right passwords at once: five are under way, and the next one comes in as soon as one is done."""
    limit.meanwhile = [limit.limit.admit(WAY) for _ in range(FREE)]
    limit.limit.admit(WAY)
    assert len(limit.pauses) == 1
    assert limit.events == []


def test_the_wait_for_others_is_bounded(limit: Limit) -> None:
    """If those under way stay without an outcome, the answer is 429 after some seconds, never a wrong password."""
    for _ in range(FREE):
        limit.limit.admit(WAY)
    assert limit.waits(WAY) == UNDECIDED_RETRY_SECONDS > sum(PAUSES_SECONDS)
    assert len(limit.pauses) == len(PAUSES_SECONDS) + 1
    assert limit.pauses[-1] == 0  # there is nothing to wait for after the last try
    assert sum(PAUSES_SECONDS) / 2 <= sum(limit.pauses) <= sum(PAUSES_SECONDS) * 1.5 < 6
    assert limit.trouble.acts.count("count") == FREE + len(PAUSES_SECONDS) + 1


def test_no_attempt_waits_for_others_once_five_have_failed(limit: Limit) -> None:
    """A flood of wrong passwords keeps no function busy."""
    for _ in range(FREE):
        limit.fails(WAY)
    assert limit.waits(WAY) == 1
    assert limit.pauses == []


def test_the_outcome_of_an_attempt_that_had_to_wait_is_not_told(limit: Limit) -> None:
    """P8: it has counted already, so a right password changes nothing that others can see."""
    for _ in range(FREE):
        limit.fails(WAY)
    limit.clock.advance(seconds=1)
    limit.trouble.acts.clear()
    attempt = limit.limit.admit(WAY)
    limit.limit.succeeded(attempt, "id")
    limit.limit.failed(attempt, "id")
    assert limit.trouble.acts == ["book", "count"]


@pytest.mark.parametrize("act", ["fail", "forget"])
def test_an_outcome_that_cannot_be_told_is_recorded(limit: Limit, act: str) -> None:
    """The answer to the client does not change, and the attempt counts as failed after five minutes."""
    limit.trouble.fail(act)
    attempt = limit.limit.admit(WAY)
    (limit.limit.failed if act == "fail" else limit.limit.succeeded)(attempt, "id")
    assert limit.events == [SecurityEvent(EventName.ATTEMPT_NOT_DECIDED, "id", reason=f"injected: {act}")]
    for _ in range(FREE - 1):
        limit.fails(WAY)
    limit.clock.advance(seconds=PASSWORD_BACKOFF.undecided_seconds)
    assert limit.fails(WAY).is_free is False


@pytest.mark.parametrize("act", ["book", "count"])
def test_what_cannot_be_counted_is_not_tried(limit: Limit, act: str) -> None:
    """P16: the limit fails closed, also if there is another way."""
    limit.trouble.fail(act)
    with pytest.raises(TemporarilyUnavailable):
        limit.limit.admit(NARROW_WAY, OTHER_WAY)


def test_an_attempt_beside_a_read_that_fails_is_given_up(limit: Limit) -> None:
    """P16: failures of our own make no user wait. The error is that of the read."""

    def read() -> str:
        raise TemporarilyUnavailable("GetItem")

    for _ in range(FREE + 2):
        with pytest.raises(TemporarilyUnavailable, match=r"^GetItem$"):
            limit.limit.admit_beside(read, WAY)
    attempt, found = limit.limit.admit_beside(lambda: "user", WAY)

    assert (found, attempt.is_free, limit.pauses) == ("user", True, [])


@pytest.mark.parametrize(("ms", "took_ms"), [(0, 100), (7, 100), (100, 100), (350, 350), (-5000, -4900)])
def test_an_attempt_that_waits_beside_a_read_takes_a_tenth_of_a_second_at_least(
    limit: Limit, ms: int, took_ms: int
) -> None:
    """P8: so a read of nothing, which is faster, shows nobody that there is no such user."""
    for _ in range(FREE):
        limit.fails(WAY)
    begin_ms = limit.clock()

    with pytest.raises(TooManyAttempts):
        limit.limit.admit_beside(lambda: limit.clock.advance(ms=ms), WAY)

    assert limit.clock() - begin_ms == took_ms


def test_an_attempt_over_its_rate_is_refused_at_once(limit: Limit) -> None:
    """No user is read for it, so it has nothing to hide, and a flood keeps no function busy."""
    for _ in range(3):
        limit.fails(NARROW_WAY)

    with pytest.raises(TooManyAttempts):
        limit.limit.admit_beside(lambda: "user", NARROW_WAY)

    assert limit.pauses == []

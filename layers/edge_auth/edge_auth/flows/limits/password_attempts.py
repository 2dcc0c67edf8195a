"""Limits how often passwords are tried, before a password is hashed.

Attempts that are under way may all be right. So an attempt that finds the free ones taken, but not yet failed, waits a
moment for their outcomes.
"""

from collections.abc import Callable
from functools import partial
from typing import TypeVar

from edge_auth.errors import GuessNotCounted, TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.least_time import wait_since
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy, Pause
from edge_auth.flows.side_by_side import side_by_side
from edge_auth.throttling.counters import Attempt, Counted
from edge_auth.throttling.limits import PASSWORD_BACKOFF, PasswordLimit
from edge_auth.throttling.rule import AttemptsUndecided

R = TypeVar("R")

ATTEMPT_ID_BYTES = 8  # tells attempts of the same account and millisecond apart
# The pauses of an attempt that finds others under way, about three and a half seconds together. Each one is between
# half and one and a half times as long, so that attempts of the same moment do not ask again at the same moment.
PAUSES_SECONDS = (0.1, 0.2, *[0.4] * 8)
# An attempt in vain keeps a function busy for these pauses. So the client is told to wait for longer than that.
UNDECIDED_RETRY_SECONDS = 5


class PasswordAttemptLimit:
    """The limit."""

    def __init__(self, *, attempts: Attempts, clock: Clock, entropy: Entropy, pause: Pause, record: Record) -> None:
        """Keep what the limit needs."""
        self._attempts = attempts
        self._rates = Rates(attempts)
        self._clock = clock
        self._entropy = entropy
        self._pause = pause
        self._record = record

    def admit(self, *ways: PasswordLimit) -> Counted:
        """Count an attempt in the first of these ways that lets it through.

        Raises:
            TooManyAttempts: it has to wait in each way. The answer is the same for accounts that do not exist.
            TemporarilyUnavailable: the attempt could not be counted, so no password is checked (P16).

        """
        waits = []
        for way in ways:
            try:
                self._rates.book(way.rate, now_ms=self._clock())
                return self._count(way.counter)
            except TooManyAttempts as error:
                waits.append(error.retry_after_seconds)
        raise self._throttled(TooManyAttempts(min(waits)))

    def admit_beside(self, read: Callable[[], R], way: PasswordLimit) -> tuple[Counted, R]:
        """Count an attempt in this way, and read a user at the same time. Return both results.

        The read begins when the rate has let the attempt through. If it fails, the attempt is given up. An attempt that
        its counter refuses is answered after the least time, so that it does not tell whether the read found a user.

        Raises:
            TooManyAttempts, TemporarilyUnavailable: as `admit`, or as the read.

        """
        begin_ms = self._clock()
        try:
            self._rates.book(way.rate, now_ms=begin_ms)
        except TooManyAttempts as error:
            raise self._throttled(error) from None
        try:
            return side_by_side(partial(self._count, way.counter), read, undo=self.given_up)
        except TooManyAttempts as error:
            wait_since(begin_ms, clock=self._clock, pause=self._pause)
            raise self._throttled(error) from None

    def failed(self, counted: Counted, user_id: str) -> None:
        """Tell that the password was wrong, for a user who may not exist (then the id is empty)."""
        self._tell(self._attempts.fail, counted, user_id)

    def succeeded(self, counted: Counted, user_id: str, earlier: Attempt | None = None) -> None:
        """Tell that nothing was wrong. `earlier` is the attempt of a login's first step, if this is its second.

        Failures before it are not forgotten, and an attempt that had to wait still counts: others can count how many
        attempts are let through, and must not learn from it that the user has logged in.
        """
        self._tell(partial(self._attempts.forget, earlier=earlier), counted, user_id)

    def undecided(
        self, counted: Counted, error: TemporarilyUnavailable, user_id: str, earlier: Attempt | None = None
    ) -> None:
        """Tell that an outage ended the attempt. It has failed only if a guess was wrong, or may have been."""
        if isinstance(error, GuessNotCounted):
            self.failed(counted, user_id)
        else:
            self.succeeded(counted, user_id, earlier)

    def given_up(self, counted: Counted) -> None:
        """Tell that no password was checked."""
        self._tell(self._attempts.forget, counted, "")

    def _throttled(self, error: TooManyAttempts) -> TooManyAttempts:
        self._record(SecurityEvent(EventName.LOGIN_THROTTLED, reason=error.detail))
        return error

    def _count(self, counter: str) -> Counted:
        attempt_id = self._entropy(ATTEMPT_ID_BYTES).hex()
        for pause_seconds in (*PAUSES_SECONDS, 0):
            try:
                return self._attempts.count(counter, Attempt(attempt_id, self._clock()), PASSWORD_BACKOFF)
            except AttemptsUndecided:
                self._pause(pause_seconds * (0.5 + self._entropy(1)[0] / 256))
        raise TooManyAttempts(UNDECIDED_RETRY_SECONDS)

    def _tell(self, outcome: Callable[[Counted], None], counted: Counted, user_id: str) -> None:
        if counted.is_free:
            try:
                outcome(counted)
            except TemporarilyUnavailable as error:
                # Without an outcome the attempt counts as failed later. The answer is good either way.
                self._record(SecurityEvent(EventName.ATTEMPT_NOT_DECIDED, user_id, reason=error.detail))

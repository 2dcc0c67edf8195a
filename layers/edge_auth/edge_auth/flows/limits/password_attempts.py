"""Limits how often passwords are tried, on one account and from one source, before a password is hashed."""

from typing import NamedTuple

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.counters import Counted
from edge_auth.throttling.limits import ACCOUNT_BACKOFF, SOURCE_RATE, account_bucket, proven_source, source_bucket


class PasswordAttempt(NamedTuple):
    """One attempt that was let through."""

    account: str
    source: str
    counted: Counted


class PasswordAttemptLimit:
    """The limit."""

    def __init__(self, *, attempts: Attempts, clock: Clock, record: Record) -> None:
        """Keep what the limit needs."""
        self._attempts = attempts
        self._clock = clock
        self._record = record

    def admit(self, username: str, address: str) -> PasswordAttempt:
        """Count an attempt on this account from this address.

        Raises:
            TooManyAttempts: the attempt has to wait. The answer is the same for accounts that do not exist.
            TemporarilyUnavailable: the attempt could not be counted, so no password is checked (P16).

        """
        account, source, now_ms = account_bucket(username), proven_source(address), self._clock()
        try:
            counted = self._attempts.count(account, ACCOUNT_BACKOFF, source=source, now_ms=now_ms)
            self._book(address, now_ms, is_proven=counted.is_proven(source, now_ms))
        except TooManyAttempts as error:
            self._record(SecurityEvent(EventName.LOGIN_THROTTLED, reason=error.detail))
            raise
        return PasswordAttempt(account, source, counted)

    def succeeded(self, attempt: PasswordAttempt, user_id: str) -> None:
        """Forget the attempts, and remember the source of the success. If that fails, the attempts still count."""
        try:
            self._attempts.succeed(attempt.account, attempt.counted, source=attempt.source, now_ms=self._clock())
        except TemporarilyUnavailable as error:
            self._record(SecurityEvent(EventName.ATTEMPTS_NOT_FORGOTTEN, user_id, reason=error.detail))

    def _book(self, address: str, now_ms: int, *, is_proven: bool) -> None:
        try:
            self._attempts.book(source_bucket(address), SOURCE_RATE, now_ms=now_ms)
        except TooManyAttempts:
            # A proven source is booked too: otherwise the time would reveal which users have logged in from it before.
            if not is_proven:
                raise

"""How often somebody may try a password: on one account, and from one source.

Whoever checks a password asks here first, before any work is done.
"""

from typing import NamedTuple

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.counters import Backoff, Counted, Rate, bucket, source_prefix

# P11: five mistakes are free, then 1 second, doubling, up to a quarter of an hour; a quiet day forgets them.
ACCOUNT_BACKOFF = Backoff(free_attempts=5, longest_seconds=900, memory_seconds=86_400)
# P13: one address may be a whole office in the morning, or one password tried on a thousand names.
SOURCE_RATE = Rate(attempts=60, seconds=60, burst=100)
UNKNOWN_SOURCE = "unknown"


class PasswordAttempt(NamedTuple):
    """One attempt that was let through."""

    account: str
    source: str
    counted: Counted


class LoginLimits(NamedTuple):
    """The limits, with all that they need."""

    attempts: Attempts
    clock: Clock
    record: Record

    def admit(self, username: str, address: str) -> PasswordAttempt:
        """Count an attempt on this account from this address.

        Raises:
            TooManyAttempts: it has to wait; nothing tells whether there is such an account.
            TemporarilyUnavailable: it could not be counted, so it is not made either (P16).

        """
        account, source, now_ms = bucket("login", username), bucket("source", source_of(address)), self.clock()
        try:
            counted = self.attempts.count(account, ACCOUNT_BACKOFF, source=source, now_ms=now_ms)
            self._book(source, counted, now_ms)
        except TooManyAttempts as error:
            self.record(SecurityEvent(EventName.LOGIN_THROTTLED, reason=error.detail))
            raise
        return PasswordAttempt(account, source, counted)

    def succeeded(self, attempt: PasswordAttempt, user_id: str) -> None:
        """Forget the mistakes, and remember that the owner was here. Where that fails, they count on."""
        try:
            self.attempts.succeed(attempt.account, attempt.counted, source=attempt.source, now_ms=self.clock())
        except TemporarilyUnavailable as error:
            self.record(SecurityEvent(EventName.ATTEMPTS_NOT_FORGOTTEN, user_id, reason=error.detail))

    def _book(self, source: str, counted: Counted, now_ms: int) -> None:
        try:
            self.attempts.book(bucket("login", source), SOURCE_RATE, now_ms=now_ms)
        except TooManyAttempts:
            # Booked for everybody, so that the time it takes tells nobody who has logged in from here before.
            if not counted.is_proven(source, now_ms):
                raise


def source_of(address: str) -> str:
    """Return what stands for all who come from where this address is."""
    try:
        return source_prefix(address)
    except ValueError:
        # API Gateway's console names no address when it tests a route; all that have none share one limit.
        return UNKNOWN_SOURCE

"""Limits how often something happens: by a rate with a burst (P13)."""

from edge_auth.errors import TooManyAttempts
from edge_auth.flows.limits.waiting import WaitingCounters
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.throttling.limits import RateLimit


class Rates:
    """The limit. While a counter has to wait, the process remembers that and makes no call."""

    def __init__(self, attempts: Attempts) -> None:
        """Begin without a counter that has to wait."""
        self._attempts = attempts
        self._waiting = WaitingCounters()

    def book(self, limit: RateLimit, *, now_ms: int) -> None:
        """Book an attempt.

        Raises:
            TooManyAttempts: the attempt has to wait.
            TemporarilyUnavailable: it could not be booked.

        """
        self._waiting.check(limit.bucket, now_ms)
        try:
            self._attempts.book(limit.bucket, limit.rate, now_ms=now_ms)
        except TooManyAttempts as error:
            self._waiting.keep(limit.bucket, error, now_ms)
            raise

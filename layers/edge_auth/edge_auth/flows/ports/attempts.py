"""The counters of attempts."""

from typing import Protocol

from edge_auth.throttling.counters import Backoff, Counted, Rate


class Attempts(Protocol):
    """How often somebody tried. Every act is atomic, whoever else counts at the same moment."""

    def count(self, account: str, backoff: Backoff, *, source: str, now_ms: int) -> Counted:
        """Count an attempt on an account. Raises TooManyAttempts: it has to wait, and does not count.

        Where others made the account wait, a source that is proven has a counter of its own.
        """

    def succeed(self, account: str, counted: Counted, *, source: str, now_ms: int) -> None:
        """Forget the attempts on the account, and remember that somebody succeeded from this source."""

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source. Raises TooManyAttempts: the source has to wait, and nothing was booked."""

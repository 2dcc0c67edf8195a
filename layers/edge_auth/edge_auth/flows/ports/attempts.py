"""The counters of attempts."""

from typing import Protocol

from edge_auth.throttling.counters import Backoff, Counted, Rate


class Attempts(Protocol):
    """Counts attempts. Every act is atomic, even if other processes count at the same moment."""

    def count(self, account: str, backoff: Backoff, *, source: str, now_ms: int) -> Counted:
        """Count an attempt on an account. Raises TooManyAttempts: the attempt has to wait, and does not count.

        If attempts from other sources make the account wait, a proven source has a counter of its own.
        """

    def succeed(self, account: str, counted: Counted, *, source: str, now_ms: int) -> None:
        """Forget the attempts on the account, and remember this source as proven."""

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source. Raises TooManyAttempts: the source has to wait, and nothing was booked."""

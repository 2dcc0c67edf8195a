"""The counters of attempts."""

from typing import Protocol

from edge_auth.throttling.counters import Attempt, Backoff, Counted, Rate


class Attempts(Protocol):
    """Counts attempts. Every act is atomic, even if other processes count at the same moment."""

    def count(self, counter: str, attempt: Attempt, backoff: Backoff) -> Counted:
        """Count an attempt at a password.

        Raises TooManyAttempts: the attempt has to wait, and does not count. Raises AttemptsUndecided: others are under
        way, and decide whether it has to wait. It does not count.
        """

    def fail(self, counted: Counted) -> None:
        """Note that a free attempt has failed."""

    def forget(self, counted: Counted, earlier: Attempt | None = None) -> None:
        """Forget a free attempt that has succeeded, as if it had never been made.

        `earlier` is the attempt of the step before, which is forgotten with it, also if it counts as failed.
        """

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source. Raises TooManyAttempts: the source has to wait, and nothing was booked."""

    def end_wait(self, counter: str) -> None:
        """Forget all attempts of a counter. It is no error if there are none."""

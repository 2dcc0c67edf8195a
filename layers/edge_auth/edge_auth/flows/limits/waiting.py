"""Remembers in this process which counters have to wait, so that a flood of attempts costs no call each."""

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.rule import seconds_between

MAX_REMEMBERED = 1000


class WaitingCounters:
    """The counters that have to wait, as far as this process knows. It forgets the oldest first."""

    def __init__(self) -> None:
        """Begin without any."""
        self._free_at_ms: dict[str, int] = {}

    def __bool__(self) -> bool:
        """Whether any counter had to wait."""
        return bool(self._free_at_ms)

    def check(self, counter: str, now_ms: int) -> None:
        """Let an attempt pass, unless its counter has to wait. Raises TooManyAttempts."""
        free_at_ms = self._free_at_ms.get(counter, 0)
        if now_ms < free_at_ms:
            raise TooManyAttempts(seconds_between(now_ms, free_at_ms))

    def keep(self, counter: str, error: TooManyAttempts, now_ms: int) -> None:
        """Remember that a counter has to wait."""
        while len(self._free_at_ms) >= MAX_REMEMBERED:
            del self._free_at_ms[next(iter(self._free_at_ms))]  # the oldest
        self._free_at_ms[counter] = now_ms + error.retry_after_seconds * 1000

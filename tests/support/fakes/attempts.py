"""The port `Attempts` in memory."""

import threading

from edge_auth.throttling.counters import Attempt, Backoff, Rate, Tries
from edge_auth.throttling.rule import next_attempt, next_booking


class MemoryAttempts:
    """Counters in this process."""

    def __init__(self) -> None:
        """Begin without attempts."""
        self.counters: dict[str, Tries] = {}
        self.taken_until_ms: dict[str, int] = {}
        self._lock = threading.Lock()

    def count(self, counter: str, attempt: Attempt, backoff: Backoff) -> bool:
        """Count an attempt at a password."""
        with self._lock:
            self.counters[counter] = next_attempt(self.counters.get(counter, Tries()), attempt, backoff)
            return attempt in self.counters[counter].free

    def fail(self, counter: str, attempt: Attempt) -> None:
        """Note a failure."""
        with self._lock:
            found = self.counters.get(counter, Tries())
            if attempt in found.free:
                self.counters[counter] = found._replace(failed=found.failed | {attempt})

    def forget(self, counter: str, attempt: Attempt) -> None:
        """Forget a success."""
        with self._lock:
            if found := self.counters.get(counter):
                self.counters[counter] = found._replace(free=found.free - {attempt})

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source."""
        with self._lock:
            self.taken_until_ms[source] = next_booking(self.taken_until_ms.get(source, 0), rate, now_ms)

    def end_wait(self, counter: str) -> None:
        """Forget all attempts of a counter."""
        with self._lock:
            self.counters.pop(counter, None)

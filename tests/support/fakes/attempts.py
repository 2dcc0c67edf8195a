"""The port `Attempts` in memory."""

import threading

from edge_auth.throttling.counters import Attempt, Backoff, Booked, Counted, Rate, Tries
from edge_auth.throttling.rule import forgotten, next_attempt, next_booking


class MemoryAttempts:
    """Counters in this process."""

    def __init__(self) -> None:
        """Begin without attempts."""
        self.counters: dict[str, Tries] = {}
        self.booked: dict[str, Booked] = {}
        self._lock = threading.Lock()

    def count(self, counter: str, attempt: Attempt, backoff: Backoff) -> Counted:
        """Count an attempt at a password."""
        with self._lock:
            found = self.counters.get(counter, Tries())
            after = next_attempt(found, attempt, backoff)
            self.counters[counter] = after._replace(failed=after.failed & after.free)
            return Counted(counter, attempt, attempt in after.free, forgotten(found, attempt, backoff))

    def fail(self, counted: Counted) -> None:
        """Note a failure."""
        with self._lock:
            found = self.counters.get(counted.counter, Tries())
            if counted.attempt in found.free:
                failed = (found.failed & found.free) | {counted.attempt}
                self.counters[counted.counter] = found._replace(free=found.free - counted.forgotten, failed=failed)

    def forget(self, counted: Counted, earlier: Attempt | None = None) -> None:
        """Forget a success."""
        with self._lock:
            found = self.counters.get(counted.counter, Tries())
            if counted.attempt in found.free:
                ended = {counted.attempt, earlier}
                free, failed = found.free - ended, found.failed - ended
                self.counters[counted.counter] = found._replace(free=free, failed=failed)

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source."""
        with self._lock:
            self.booked[source] = next_booking(self.booked.get(source, Booked()), rate, now_ms)

    def end_wait(self, counter: str) -> None:
        """Forget all attempts of a counter."""
        with self._lock:
            self.counters.pop(counter, None)

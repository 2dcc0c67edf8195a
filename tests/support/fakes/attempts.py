"""The port `Attempts` in memory."""

import threading

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import Backoff, Counted, Rate, bucket


class MemoryAttempts:
    """Counts in this process."""

    def __init__(self) -> None:
        """Begin without any attempt."""
        self.counters: dict[str, Counted] = {}
        self.taken_until_ms: dict[str, int] = {}
        self._lock = threading.RLock()

    def count(self, account: str, backoff: Backoff, *, source: str, now_ms: int) -> Counted:
        """Count an attempt on an account."""
        with self._lock:
            found = self.counters.get(account, Counted(account, 0, 0, 0))
            is_old = found.counted_at_ms <= now_ms - backoff.memory_seconds * 1000
            attempts = 0 if is_old and found.attempts >= backoff.free_attempts - 1 else found.attempts
            if attempts and now_ms < found.free_at_ms:
                if not found.is_proven(source, now_ms):
                    raise TooManyAttempts(_seconds(found.free_at_ms - now_ms))
                own = self.count(bucket(account, source), backoff, source="", now_ms=now_ms)
                return own._replace(proven=found.proven)
            free_at_ms = now_ms + backoff.wait_ms(attempts + 1)
            counted = Counted(account, attempts + 1, free_at_ms, now_ms, found.proven)
            self.counters[account] = counted
            return counted

    def succeed(self, account: str, counted: Counted, *, source: str, now_ms: int) -> None:
        """Forget the attempts on the account."""
        with self._lock:
            self.counters.pop(bucket(account, source), None)
            self.counters[account] = Counted(account, 0, now_ms, now_ms, counted.with_proven(source, now_ms))

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source."""
        with self._lock:
            taken = max(self.taken_until_ms.get(source, 0), now_ms)
            if taken > now_ms + rate.ahead_ms:
                raise TooManyAttempts(_seconds(taken - now_ms - rate.ahead_ms))
            self.taken_until_ms[source] = taken + rate.interval_ms


def _seconds(wait_ms: int) -> int:
    return max(1, -(-wait_ms // 1000))

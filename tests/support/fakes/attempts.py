"""The port `Attempts` in memory."""

import threading

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import Backoff, Counted, Rate, bucket
from edge_auth.throttling.rule import next_attempt, next_booking


class MemoryAttempts:
    """Counters in this process."""

    def __init__(self) -> None:
        """Begin without attempts."""
        self.counters: dict[str, Counted] = {}
        self.taken_until_ms: dict[str, int] = {}
        self._lock = threading.RLock()

    def count(self, account: str, backoff: Backoff, *, source: str, now_ms: int) -> Counted:
        """Count an attempt on an account."""
        with self._lock:
            found = self.counters.get(account, Counted(account, 0, 0, 0))
            try:
                self.counters[account] = next_attempt(found, backoff, now_ms)
            except TooManyAttempts:
                if not found.is_proven(source, now_ms):
                    raise
                own = self.count(bucket(account, source), backoff, source="", now_ms=now_ms)
                return own._replace(proven=found.proven)
            return self.counters[account]

    def succeed(self, account: str, counted: Counted, *, source: str, now_ms: int) -> None:
        """Forget the attempts on the account."""
        with self._lock:
            self.counters.pop(bucket(account, source), None)
            self.counters[account] = Counted(account, 0, now_ms, now_ms, counted.with_proven(source, now_ms))

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source."""
        with self._lock:
            self.taken_until_ms[source] = next_booking(self.taken_until_ms.get(source, 0), rate, now_ms)

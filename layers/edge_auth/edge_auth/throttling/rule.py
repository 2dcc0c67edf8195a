"""The throttling rule: whether an attempt may be made, and what its counter says afterwards. Pure.

A store applies the rule to a counter in one atomic act.
"""

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import Backoff, Counted, Rate


def next_attempt(found: Counted, backoff: Backoff, now_ms: int) -> Counted:
    """Return the counter with one more attempt.

    Raises:
        TooManyAttempts: the attempt has to wait, and does not count.

    """
    makes_wait = found.attempts >= backoff.free_attempts - 1
    is_forgotten = makes_wait and found.counted_at_ms <= now_ms - backoff.memory_seconds * 1000
    if not is_forgotten and now_ms < found.free_at_ms:
        raise TooManyAttempts(seconds_between(now_ms, found.free_at_ms))
    attempts = 1 if is_forgotten else found.attempts + 1
    return found._replace(attempts=attempts, free_at_ms=now_ms + backoff.wait_ms(attempts), counted_at_ms=now_ms)


def next_booking(taken_until_ms: int, rate: Rate, now_ms: int) -> int:
    """Return the time until which a source is booked with one more attempt. `taken_until_ms` is 0 for a new source.

    Raises:
        TooManyAttempts: the attempt has to wait, and is not booked.

    """
    begins_ms, latest_ms = max(taken_until_ms, now_ms), now_ms + rate.ahead_ms
    if begins_ms > latest_ms:
        raise TooManyAttempts(seconds_between(latest_ms, begins_ms))
    return begins_ms + rate.interval_ms


def seconds_between(now_ms: int, time_ms: int) -> int:
    """Return the whole seconds to wait until a time, at least one."""
    return max(1, -(-(time_ms - now_ms) // 1000))

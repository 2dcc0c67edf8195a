"""The throttling rule: whether an attempt may be made, and what its counter says afterwards. Pure.

A store applies the rule to a counter in one atomic act.
"""

from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import NO_ATTEMPT, Attempt, Backoff, Booked, Rate, Tries


class AttemptsUndecided(Exception):
    """Others are under way, and their outcomes decide whether this attempt has to wait. So ask again in a moment."""


def next_attempt(found: Tries, attempt: Attempt, backoff: Backoff) -> Tries:
    """Return the counter with one more attempt. A counter that has it already comes back as it is.

    Raises:
        TooManyAttempts: the attempt has to wait, and does not count.
        AttemptsUndecided: it is not known yet whether the attempt has to wait. It does not count.

    """
    if attempt == found.last or attempt in found.free:
        return found
    free = found.free - forgotten(found, attempt, backoff)
    if len(free) < backoff.free_attempts:
        return found._replace(free=found.free | {attempt})
    if any(one.at_ms > attempt.at_ms - backoff.undecided_seconds * 1000 for one in free - found.failed):
        raise AttemptsUndecided
    has_last = found.last.at_ms > attempt.at_ms - backoff.memory_seconds * 1000
    waited, last = (found.waited, found.last) if has_last else (0, NO_ATTEMPT)
    free_at_ms = max(one.at_ms for one in (*free, last)) + backoff.wait_ms(waited)
    if attempt.at_ms < free_at_ms:
        raise TooManyAttempts(seconds_between(attempt.at_ms, free_at_ms))
    return found._replace(waited=waited + 1, last=attempt)


def forgotten(found: Tries, attempt: Attempt, backoff: Backoff) -> frozenset[Attempt]:
    """Return the free attempts whose time is over at this attempt."""
    return frozenset(one for one in found.free if one.at_ms <= attempt.at_ms - backoff.memory_seconds * 1000)


def next_booking(found: Booked, rate: Rate, now_ms: int) -> Booked:
    """Return the source with one more booking.

    A clock that is behind does not wait for those that are ahead: the latest time that any clock has shown counts.

    Raises:
        TooManyAttempts: the attempt has to wait, and is not booked.

    """
    seen_ms = max(now_ms, found.seen_ms)
    begins_ms, latest_ms = max(found.taken_until_ms, seen_ms), seen_ms + rate.ahead_ms
    if begins_ms > latest_ms:
        raise TooManyAttempts(seconds_between(latest_ms, begins_ms))
    return Booked(begins_ms + rate.interval_ms, seen_ms)


def seconds_between(now_ms: int, time_ms: int) -> int:
    """Return the whole seconds to wait until a time, at least one."""
    return max(1, -(-(time_ms - now_ms) // 1000))

"""Counters of attempts: what a counter says, and the two ways to limit attempts. Pure.

Passwords have a backoff: a few attempts are free, then each one waits twice as long as the one before (P11). Many
honest users may share a source, so a source has a rate and a burst instead (P13).
"""

import hashlib
from typing import NamedTuple

# 25 hours: then all that a counter says is forgotten. The time is the same for every counter, so it tells nothing.
KEPT_SECONDS = 90_000


class Backoff(NamedTuple):
    """Growing waits: the first `free_attempts` do not wait, the next waits 1 second, then twice as long each time.

    No attempt waits longer than `longest_seconds`. A failure is forgotten after `memory_seconds`. An attempt without an
    outcome counts as failed after `undecided_seconds`.
    """

    free_attempts: int
    longest_seconds: int
    memory_seconds: int
    undecided_seconds: int

    def wait_ms(self, waited: int) -> int:
        """Return how long the next attempt waits after `waited` attempts that were not free."""
        return 1000 * min(1 << min(waited, 32), self.longest_seconds)


class Rate(NamedTuple):
    """`attempts` attempts in `seconds` seconds, evenly spread, and up to `burst` of them at once."""

    attempts: int
    seconds: int
    burst: int

    @property
    def interval_ms(self) -> int:
        """How much time one attempt takes up."""
        return self.seconds * 1000 // self.attempts

    @property
    def ahead_ms(self) -> int:
        """How far ahead of the clock attempts may take up time."""
        return self.interval_ms * (self.burst - 1)


class Booked(NamedTuple):
    """The content of a counter of a source: the time until which it is booked, and the latest time at a booking."""

    taken_until_ms: int = 0
    seen_ms: int = 0


class Attempt(NamedTuple):
    """One attempt at a password. Its random id tells it from all others of the same moment."""

    attempt_id: str
    at_ms: int


NO_ATTEMPT = Attempt("", 0)


class Tries(NamedTuple):
    """The content of a counter of passwords.

    `free` are the attempts that did not have to wait, without those that succeeded. `failed` are those of them that are
    known to have failed; the others are undecided. Some of both may be forgotten already. Besides these, `waited`
    attempts had to wait, and `last` is the latest of them.
    """

    free: frozenset[Attempt] = frozenset()
    failed: frozenset[Attempt] = frozenset()
    waited: int = 0
    last: Attempt = NO_ATTEMPT


class Counted(NamedTuple):
    """An attempt that was let through. Only a free one has an outcome that the counter is told.

    `forgotten` are attempts in the same counter whose time is over. A failure takes them out. A success leaves them:
    it changes nothing, so that strangers cannot see it.
    """

    counter: str
    attempt: Attempt
    is_free: bool
    forgotten: frozenset[Attempt] = frozenset()


def bucket(*parts: str) -> str:
    """Return the name of a counter: a hash of 128 bits, in hex. It shows no user name and no address."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

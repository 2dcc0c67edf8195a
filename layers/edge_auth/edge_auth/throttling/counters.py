"""Counters of attempts: what a counter says, and the two ways to limit attempts. Pure.

An account has a backoff: a few attempts are free, then each one waits twice as long as the one before (P11). Many
honest users may share a source, so a source has a rate and a burst instead (P13).
"""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

MAX_PROVEN_SOURCES = 10  # so a counter has less than 1 KB, and counting takes one write unit
PROVEN_SECONDS = 30 * 86_400


class Backoff(NamedTuple):
    """Growing waits: the first `free_attempts` do not wait, the next waits 1 second, then twice as long each time.

    No attempt waits longer than `longest_seconds`. The attempts are forgotten `memory_seconds` after the last one that
    was let through.
    """

    free_attempts: int
    longest_seconds: int
    memory_seconds: int

    def wait_ms(self, attempts: int) -> int:
        """Return how long the next attempt waits after this number of attempts."""
        doublings = attempts - self.free_attempts
        return 0 if doublings < 0 else 1000 * min(2 ** min(doublings, 32), self.longest_seconds)


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


class Counted(NamedTuple):
    """The content of a counter. The next attempt waits until `free_at_ms`.

    `attempts` is the number that was let through since the last success. `proven` has the sources of past successes,
    each with the time until which it is proven, in seconds since 1970.
    """

    bucket: str
    attempts: int
    free_at_ms: int
    counted_at_ms: int
    proven: Mapping[str, int] = MappingProxyType({})

    def is_proven(self, source: str, now_ms: int) -> bool:
        """Whether a login from this source succeeded lately. Attempts from elsewhere do not make it wait."""
        return self.proven.get(source, 0) * 1000 > now_ms

    def with_proven(self, source: str, now_ms: int) -> dict[str, int]:
        """Return the proven sources with this one: only the latest ones, and none whose time is over."""
        now_seconds = now_ms // 1000
        living = {name: until for name, until in self.proven.items() if until > now_seconds}
        living[source] = now_seconds + PROVEN_SECONDS
        return dict(sorted(living.items(), key=lambda item: item[1])[-MAX_PROVEN_SOURCES:])


def bucket(*parts: str) -> str:
    """Return the name of a counter: a hash of 128 bits, in hex. It shows no user name and no address."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

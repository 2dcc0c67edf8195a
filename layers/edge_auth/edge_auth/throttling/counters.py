"""Throttling: how long attempts have to wait, by how many came before. Pure.

Accounts: a few attempts are free, then each waits twice as long as the one before (P11). Sources, which many honest
people may share, have a rate and a burst instead (P13).
"""

import hashlib
import ipaddress
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

IPV6_PREFIX = 64  # what one customer has at least: RFC 6177 §2
MAX_PROVEN_SOURCES = 10  # so that a counter is less than 1 KB, and counting one write unit
PROVEN_SECONDS = 30 * 86_400


class Backoff(NamedTuple):
    """Waits that grow: none after fewer than `free_attempts`, then 1 second, doubling up to `longest_seconds`.

    What makes somebody wait is forgotten `memory_seconds` after the last attempt that was let through.
    """

    free_attempts: int
    longest_seconds: int
    memory_seconds: int

    def wait_ms(self, attempts: int) -> int:
        """Return how long whoever comes after so many attempts has to wait."""
        doublings = attempts - self.free_attempts
        return 0 if doublings < 0 else 1000 * min(2 ** min(doublings, 32), self.longest_seconds)


class Rate(NamedTuple):
    """So many attempts in so many seconds, evenly spread, and up to `burst` of them at once."""

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
    """What a counter says. `proven` are the sources of past successes, each until when, in seconds.

    `attempts` were let through since the last success; the next one has to wait until `free_at_ms`.
    """

    bucket: str
    attempts: int
    free_at_ms: int
    counted_at_ms: int
    proven: Mapping[str, int] = MappingProxyType({})

    def is_proven(self, source: str, now_ms: int) -> bool:
        """Whether somebody logged in from this source lately: no stranger may lock it out."""
        return self.proven.get(source, 0) * 1000 > now_ms

    def with_proven(self, source: str, now_ms: int) -> dict[str, int]:
        """Return the proven sources with this one: the latest of them, and none whose time is up."""
        now_seconds = now_ms // 1000
        living = {name: until for name, until in self.proven.items() if until > now_seconds}
        living[source] = now_seconds + PROVEN_SECONDS
        return dict(sorted(living.items(), key=lambda item: item[1])[-MAX_PROVEN_SOURCES:])


def source_prefix(address: str) -> str:
    """Return the network that an address stands for: an IPv4 address itself, the /64 of an IPv6 one.

    Raises:
        ValueError: no address.

    """
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), IPV6_PREFIX), strict=False))


def bucket(*parts: str) -> str:
    """Return the name of a counter: 128 bits in hex, whatever a user name or an address holds."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]

"""Every limit of attempts: its bucket, and its backoff or rate. Pure.

| what is counted | bucket | limit |
|---|---|---|
| passwords tried on an account | `account_bucket` | `ACCOUNT_BACKOFF` |
| passwords tried from a source | `source_bucket` | `SOURCE_RATE` |
| registrations from a source | `registration_bucket` | `REGISTRATION_RATE` |
| refused refresh tokens of a session | `dead_token_bucket` | `DEAD_TOKEN_RATE` |
"""

from edge_auth.network import network_of
from edge_auth.throttling.counters import Backoff, Rate, bucket
from edge_auth.tokens.refresh_token import RefreshToken

# P11: five mistakes are free. Then the wait is 1 second and doubles, up to 15 minutes. They are forgotten in a day.
ACCOUNT_BACKOFF = Backoff(free_attempts=5, longest_seconds=900, memory_seconds=86_400)
# P13: an address may be a whole office in the morning, or an attacker who tries one password on a thousand names.
SOURCE_RATE = Rate(attempts=60, seconds=60, burst=100)
# P13: enough for a family or a school class. An attacker needs weeks to learn which of many names are taken.
REGISTRATION_RATE = Rate(attempts=20, seconds=3600, burst=10)
# F39: each refused token costs a write. All tabs of one client, with all their retries, stay far below this.
DEAD_TOKEN_RATE = Rate(attempts=60, seconds=60, burst=300)

SOURCE_IPV4_PREFIX = 32
SOURCE_IPV6_PREFIX = 64  # a customer has at least this: RFC 6177 §2
UNKNOWN_SOURCE = "unknown"


def source_of(address: str) -> str:
    """Return the source that an address stands for: an IPv4 address itself, the /64 of an IPv6 one.

    API Gateway's console names no address when it tests a route. All requests without an address are one source.
    """
    try:
        network = network_of(address, ipv4_prefix=SOURCE_IPV4_PREFIX, ipv6_prefix=SOURCE_IPV6_PREFIX)
    except ValueError:
        return UNKNOWN_SOURCE
    return str(network).removesuffix(f"/{SOURCE_IPV4_PREFIX}")


def proven_source(address: str) -> str:
    """Return the name under which an account remembers a source."""
    return bucket("source", source_of(address))


def account_bucket(username: str) -> str:
    """Return the counter of passwords that were tried on an account."""
    return bucket("login", username)


def source_bucket(address: str) -> str:
    """Return the counter of passwords that were tried from a source."""
    return bucket("login", proven_source(address))


def registration_bucket(address: str) -> str:
    """Return the counter of registrations from a source."""
    return bucket("register", source_of(address))


def dead_token_bucket(token: RefreshToken) -> str:
    """Return the counter of refused refresh tokens of a session.

    The seed is part of it: a token that only claims to be of a session, under a leaked MAC key, must not count
    against that session.
    """
    return bucket("refresh", token.user_id, token.session_id, token.seed_hash.hex())

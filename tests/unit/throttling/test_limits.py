"""The limits: what is counted, and under which name."""

import pytest

from edge_auth.throttling.counters import bucket
from edge_auth.throttling.limits import (
    UNKNOWN_SOURCE,
    account_bucket,
    dead_token_bucket,
    proven_source,
    registration_bucket,
    source_bucket,
    source_of,
)
from edge_auth.tokens.refresh_token import RefreshToken


@pytest.mark.parametrize(
    ("address", "prefix"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2::", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_a_source_is_an_ipv4_address_or_an_ipv6_64(address: str, prefix: str) -> None:
    """P12: one customer has a whole /64, so a /64 is counted as one source."""
    assert source_of(address) == prefix


@pytest.mark.parametrize("text", ["", "localhost", "203.0.113.7, 10.0.0.1", "203.0.113.7:443", "203.0.113.0/24"])
def test_all_requests_without_an_address_are_one_source(text: str) -> None:
    """P14: only a valid address is used, and API Gateway's console sends none."""
    assert source_of(text) == UNKNOWN_SOURCE


def test_counters_keep_their_names() -> None:
    """An updated deployment continues the old counters, because their names are part of the stored data."""
    token = RefreshToken("u", "s", 3, b"seed")
    assert account_bucket("ada") == bucket("login", "ada")
    assert proven_source("203.0.113.7") == bucket("source", "203.0.113.7")
    assert source_bucket("203.0.113.7") == bucket("login", bucket("source", "203.0.113.7"))
    assert registration_bucket("2001:db8::1") == bucket("register", "2001:db8::/64")
    assert dead_token_bucket(token) == bucket("refresh", "u", "s", token.seed_hash.hex())

"""The limits: what is counted, and under which name."""

import pytest

from edge_auth.throttling.counters import KEPT_SECONDS, Rate, bucket
from edge_auth.throttling.limits import (
    DEAD_TOKEN_RATE,
    PASSWORD_BACKOFF,
    REGISTRATION_RATE,
    SITE_RATE,
    SITE_REGISTRATION_RATE,
    SOURCE_RATE,
    UNKNOWN_SOURCE,
    RateLimit,
    account_bucket,
    dead_token_bucket,
    device_limit,
    login_limit,
    password_change_limit,
    registration_limits,
)
from edge_auth.tokens.refresh_token import RefreshToken


def of_logins(source: str) -> str:
    """Return the counter of passwords from a source."""
    return bucket("login", bucket("source", source))


@pytest.mark.parametrize(
    ("address", "sources"),
    [
        ("203.0.113.7", ["203.0.113.7"]),
        ("2001:db8:1:2:3:4:5:6", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("2001:DB8:1:2::", ["2001:db8:1:2::/64", "2001:db8:1::/48"]),
        ("::ffff:203.0.113.7", ["203.0.113.7"]),
    ],
)
def test_a_source_is_an_ipv4_address_or_a_64_and_its_48(address: str, sources: list[str]) -> None:
    """P12, P13: one customer has a whole /64, and perhaps a /48, so both are counted."""
    names = [limit.bucket for limit in login_limit("ada", address).rates]
    assert names == [of_logins(source) for source in sources]
    assert [limit.bucket for limit in registration_limits(address)] == [bucket("register", name) for name in sources]


@pytest.mark.parametrize("text", ["", "localhost", "203.0.113.7, 10.0.0.1", "203.0.113.7:443", "203.0.113.0/24"])
def test_all_requests_without_an_address_are_one_source(text: str) -> None:
    """P14: only a valid address is used, and API Gateway's console sends none."""
    assert login_limit("ada", text).rates == (RateLimit(of_logins(UNKNOWN_SOURCE), SOURCE_RATE),)


def test_a_48_counts_as_five_addresses() -> None:
    """P13: it may be a single customer with 65,536 /64s, or a part of a mobile network."""
    assert [limit.rate for limit in login_limit("ada", "2001:db8::1").rates] == [SOURCE_RATE, SITE_RATE]
    assert [limit.rate for limit in registration_limits("2001:db8::1")] == [REGISTRATION_RATE, SITE_REGISTRATION_RATE]
    for one, five in ((SOURCE_RATE, SITE_RATE), (REGISTRATION_RATE, SITE_REGISTRATION_RATE)):
        assert five == Rate(one.attempts * 5, one.seconds, one.burst * 5)


def test_owners_and_strangers_share_no_counter() -> None:
    """P11: what strangers do changes neither the counter of a device nor that of changes of the password."""
    limits = [
        login_limit("ada", "203.0.113.7"),
        device_limit("u", "phone"),
        device_limit("u", "laptop"),
        device_limit("v", "phone"),
        password_change_limit("u"),
    ]
    names = [name for limit in limits for name in (limit.counter, *(rate.bucket for rate in limit.rates))]
    assert len(set(names)) == len(names) == 2 * len(limits)


def test_counters_keep_their_names() -> None:
    """An updated deployment continues its counters, because their names are part of the stored data."""
    token = RefreshToken("u", "s", 3, b"seed")
    assert account_bucket("ada") == login_limit("ada", "").counter == bucket("account", "ada")
    assert device_limit("u", "d").counter == bucket("device", "u", "d")
    assert password_change_limit("u").counter == bucket("password", "u")
    assert dead_token_bucket(token) == bucket("refresh", "u", "s", token.seed_hash.hex())


def test_a_counter_is_kept_until_all_that_it_says_is_forgotten() -> None:
    """P8: whether and when DynamoDB deletes an old counter changes no answer, even if clocks differ by an hour."""
    assert PASSWORD_BACKOFF.memory_seconds + 3600 == KEPT_SECONDS
    for rate in (SOURCE_RATE, SITE_RATE, REGISTRATION_RATE, SITE_REGISTRATION_RATE, DEAD_TOKEN_RATE):
        assert rate.ahead_ms // 1000 + rate.seconds < KEPT_SECONDS - 3600

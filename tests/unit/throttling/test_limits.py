"""The limits: what is counted, and under which name."""

from collections import Counter

import pytest

from edge_auth.throttling.counters import KEPT_SECONDS, Backoff, Rate, bucket
from edge_auth.throttling.limits import (
    DEAD_TOKEN_RATE,
    DEVICE_MAIL_RATE,
    MAIL_RATE,
    MAIL_SOURCE_RATE,
    NOTICE_RATE,
    PASSWORD_BACKOFF,
    REGISTRATION_RATE,
    SITE_IPV6_PREFIX,
    SITE_SOURCES,
    SOURCE_IPV4_PREFIX,
    SOURCE_IPV6_PREFIX,
    SOURCE_RATE,
    UNKNOWN_SOURCE,
    RateLimit,
    account_bucket,
    dead_token_bucket,
    device_limit,
    device_mail_limit,
    login_limit,
    mail_code_limit,
    mail_limit,
    mail_source_limit,
    no_mail_limit,
    notice_limit,
    passkey_limit,
    password_change_limit,
    registration_limit,
    reset_factor_limit,
    reset_mail_limit,
    undo_mail_limit,
    used_proof_limit,
)
from edge_auth.tokens.refresh_token import RefreshToken


def of_logins(source: str) -> str:
    """Return the counter of passwords from a source."""
    return bucket("login", bucket("source", source))


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::/48 0"),
        ("2001:DB8:1:2::", "2001:db8:1::/48 0"),
        ("2001:db8:1:3::", "2001:db8:1::/48 2"),
        ("2001:db8:2:2::", "2001:db8:2::/48 1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_a_source_is_an_ipv4_address_or_a_part_of_a_48(address: str, source: str) -> None:
    """P12, P13: one customer has a whole /64, and perhaps a /48."""
    assert login_limit("ada", address).rate == RateLimit(of_logins(source), SOURCE_RATE)
    assert registration_limit(address) == RateLimit(bucket("register", source), REGISTRATION_RATE)


@pytest.mark.parametrize("text", ["", "localhost", "203.0.113.7, 10.0.0.1", "203.0.113.7:443", "203.0.113.0/24"])
def test_all_requests_without_an_address_are_one_source(text: str) -> None:
    """P14: only a valid address is used, and API Gateway's console sends none."""
    assert login_limit("ada", text).rate == RateLimit(of_logins(UNKNOWN_SOURCE), SOURCE_RATE)


def test_a_48_counts_as_five_addresses() -> None:
    """P13: its /64s are spread over five sources evenly, and no /64 has two. No other /48 has the same."""
    places = Counter(login_limit("ada", f"2001:db8:0:{number:x}::1").rate for number in range(5000))
    assert len(places) == SITE_SOURCES == 5
    assert all(900 < number < 1100 for number in places.values())
    assert {limit.rate for limit in places} == {SOURCE_RATE}
    assert not places.keys() & {login_limit("ada", f"2001:db8:1:{number:x}::1").rate for number in range(100)}


def test_owners_and_strangers_share_no_counter() -> None:
    """P11: what strangers do changes no counter of a device, of changes of the password, or of resets."""
    limits = [
        login_limit("ada", "203.0.113.7"),
        device_limit("u", "phone"),
        device_limit("u", "laptop"),
        device_limit("v", "phone"),
        password_change_limit("u"),
        reset_factor_limit("u"),
    ]
    names = [name for limit in limits for name in (limit.counter, limit.rate.bucket)]
    assert len(set(names)) == len(names) == 2 * len(limits)


def test_counters_keep_their_names() -> None:
    """An updated deployment continues its counters, because their names are part of the stored data."""
    token, address = RefreshToken("u", "s", 3, b"seed"), "203.0.113.7"
    assert account_bucket("ada") == login_limit("ada", "").counter == bucket("account", "ada")
    assert dead_token_bucket(token, "body") == bucket("refresh", "u", "s", token.seed_hash.hex(), "3", "body")
    for limit, name in (
        (device_limit("u", "d"), bucket("device", "u", "d")),
        (password_change_limit("u"), bucket("password", "u")),
        (used_proof_limit("u"), bucket("used-proof", "u")),
        (reset_factor_limit("u"), bucket("reset-factor", "u")),
    ):
        assert (limit.counter, limit.rate) == (name, RateLimit(bucket("rate", name), SOURCE_RATE))
    assert [
        limit.bucket
        for limit in (
            passkey_limit(address),
            mail_limit("a@x.example"),
            reset_mail_limit("a@x.example"),
            device_mail_limit("u"),
            no_mail_limit("ada"),
            undo_mail_limit("u"),
            notice_limit("u", "new_device"),
            mail_source_limit(address),
            mail_code_limit(address),
        )
    ] == [
        bucket("passkey", address),
        bucket("mail", "a@x.example"),
        bucket("reset-mail", "a@x.example"),
        bucket("device-mail", "u"),
        bucket("no-mail", "ada"),
        bucket("undo-mail", "u"),
        bucket("notice", "u", "new_device"),
        bucket("mail-source", address),
        bucket("mail-code", address),
    ]
    assert login_limit("ada", "").rate.bucket == of_logins("unknown")


def test_passwords_are_tried_as_often_as_the_standards_allow() -> None:
    """P11: NIST SP 800-63B §3.2.2 allows at most 100 failures in a row. In any day of an attack there are 95."""
    assert (
        Backoff(free_attempts=5, longest_seconds=960, memory_seconds=24 * 3600, undecided_seconds=5 * 60)
        == PASSWORD_BACKOFF
    )
    attempts, ends_ms, waited = PASSWORD_BACKOFF.free_attempts, 0, 10  # the waits are long already
    while (ends_ms := ends_ms + PASSWORD_BACKOFF.wait_ms(waited)) <= PASSWORD_BACKOFF.memory_seconds * 1000:
        attempts += 1
    assert attempts == 95


@pytest.mark.parametrize(
    ("rate", "attempts", "seconds", "at_once"),
    [
        (SOURCE_RATE, 60, 60, 100),  # P13: a whole office in the morning
        (REGISTRATION_RATE, 20, 3600, 10),  # P13: a family or a school class
        (DEAD_TOKEN_RATE, 60, 60, 300),  # F39: all tabs of a client, with all their retries
        (MAIL_RATE, 5, 86_400, 5),  # SB6: a user who looks into the wrong folder
        (DEVICE_MAIL_RATE, 3, 86_400, 3),  # SB6: the owner, while strangers use up the others
        (NOTICE_RATE, 5, 86_400, 5),  # SB6: after five of a kind, the user knows
        (MAIL_SOURCE_RATE, 60, 3600, 20),  # SB6: a few people behind one address
    ],
)
def test_each_rate_is_the_one_that_its_rule_gives(rate: Rate, attempts: int, seconds: int, at_once: int) -> None:
    """P13, F39, SB6: a lower one would stop honest users, and a higher one would let more guesses through."""
    assert rate == Rate(attempts, seconds, at_once)


def test_a_source_of_ipv6_is_what_one_customer_has() -> None:
    """RFC 6177 §2: a customer has a /64 at least and a /48 at most. A /48 counts as five addresses (P13)."""
    assert (SOURCE_IPV4_PREFIX, SOURCE_IPV6_PREFIX, SITE_IPV6_PREFIX, SITE_SOURCES) == (32, 64, 48, 5)


def test_a_counter_is_kept_until_all_that_it_says_is_forgotten() -> None:
    """P8: whether and when DynamoDB deletes an old counter changes no answer, even if clocks differ by an hour."""
    assert PASSWORD_BACKOFF.memory_seconds + 3600 == KEPT_SECONDS
    for rate in (SOURCE_RATE, REGISTRATION_RATE, DEAD_TOKEN_RATE):
        assert rate.ahead_ms // 1000 + rate.seconds < KEPT_SECONDS - 3600


def test_mails_are_counted_by_what_they_are_and_where_they_go() -> None:
    """SB6, SA9: each has a counter of its own, also for a name that is an address."""
    limits = [
        mail_limit("ada@mail.example"),
        reset_mail_limit("ada@mail.example"),
        no_mail_limit("ada@mail.example"),
        undo_mail_limit("ada@mail.example"),
        device_mail_limit("ada"),
        device_mail_limit("bob"),
        mail_source_limit("203.0.113.7"),
        mail_code_limit("203.0.113.7"),
        notice_limit("ada", "new_device"),
        notice_limit("ada", "new_password"),
        notice_limit("bob", "new_device"),
        used_proof_limit("ada").rate,
        registration_limit("203.0.113.7"),
    ]

    assert len({limit.bucket for limit in limits}) == len(limits)
    assert [limit.rate for limit in limits[:4]] == [MAIL_RATE] * 4
    assert [limit.rate for limit in limits[4:8]] == [*[DEVICE_MAIL_RATE] * 2, MAIL_SOURCE_RATE, SOURCE_RATE]
    assert [limit.rate for limit in limits[8:11]] == [NOTICE_RATE] * 3
    assert used_proof_limit("ada").counter != password_change_limit("ada").counter


def test_an_address_gets_ten_mails_in_any_day_at_most_and_a_device_six_more() -> None:
    """SB6: five at once, and then one in each fifth of a day. The counter is not deleted before it is empty."""
    for rate in (MAIL_RATE, DEVICE_MAIL_RATE, NOTICE_RATE):
        assert rate.ahead_ms + rate.interval_ms <= KEPT_SECONDS * 1000

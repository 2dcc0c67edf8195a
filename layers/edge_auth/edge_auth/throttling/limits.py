"""Every limit of attempts: its bucket, and its backoff or rate. Pure.

| what is counted | limit |
|---|---|
| passwords tried on an account, from anywhere | `PASSWORD_BACKOFF` |
| passwords tried on an account from one device of its owner | `PASSWORD_BACKOFF`, `SOURCE_RATE` |
| current passwords tried in sessions of a user, to change the password | `PASSWORD_BACKOFF`, `SOURCE_RATE` |
| passwords tried from a source | `SOURCE_RATE` |
| codes of a second factor tried with a proof that resets the password | `PASSWORD_BACKOFF`, `SOURCE_RATE` |
| passkeys tried from a source | `SOURCE_RATE` |
| registrations from a source | `REGISTRATION_RATE` |
| refusals of a refresh token that came by one transport | `DEAD_TOKEN_RATE` |
| mails that confirm an address | `MAIL_RATE` |
| mails to an address that reset a password, whichever user names they were asked for with | `MAIL_RATE` |
| the same, asked for from any device of the user | `DEVICE_MAIL_RATE` |
| resets asked for with a user name that gets no mail | `MAIL_RATE` |
| undoings of an address that come again | `MAIL_RATE` |
| notices of a kind to a user | `NOTICE_RATE` |
| mails asked for from a source | `MAIL_SOURCE_RATE` |
| codes of mails tried from a source | `SOURCE_RATE` |
| passwords shown again with a proof that was used | `PASSWORD_BACKOFF`, `SOURCE_RATE` |
"""

from ipaddress import IPv4Network
from typing import NamedTuple

from edge_auth.network import network_of
from edge_auth.throttling.counters import Backoff, Rate, bucket
from edge_auth.tokens.refresh_token import RefreshToken

# P11: five mistakes a day are free. Then the wait is 1 second and doubles, up to 16 minutes: with the five, that is 95
# wrong passwords a day, however long an attack lasts. An attempt takes less than the 20 seconds of a function. Without
# an outcome after five minutes it has none, even if clocks differ by two minutes.
PASSWORD_BACKOFF = Backoff(free_attempts=5, longest_seconds=960, memory_seconds=86_400, undecided_seconds=300)
# P13: an address may be a whole office in the morning, or an attacker who tries one password on a thousand names.
SOURCE_RATE = Rate(attempts=60, seconds=60, burst=100)
# P13: enough for a family or a school class. An attacker needs weeks to learn which of many names are taken.
REGISTRATION_RATE = Rate(attempts=20, seconds=3600, burst=10)
# F39: each refused token costs a write. All tabs of one client, with all their retries, stay far below this. A thief
# has it for each dead token and transport. Each of these tokens has cost a refresh, and a living one has no limit.
DEAD_TOKEN_RATE = Rate(attempts=60, seconds=60, burst=300)
# SB6: enough for a user who looks into the wrong folder, and at most ten codes in any 24 hours: a code can be guessed
# with a probability of 5 in 10 million a day, and 3 more by a thief of a device token (decision 0054). The owner of the
# address may not have asked for any of these mails.
MAIL_RATE = Rate(attempts=5, seconds=86_400, burst=5)
# On a known device the owner still gets mails while strangers use up the others: at most six more a day, on all devices
# together.
DEVICE_MAIL_RATE = Rate(attempts=3, seconds=86_400, burst=3)
# Enough for a user who tries things out. Whoever can log in may change codes or log in on new devices in a loop, and
# each mail costs, and takes from the quota of all. After five, the owner knows.
NOTICE_RATE = Rate(attempts=5, seconds=86_400, burst=5)
# A few people behind one address, who have all forgotten their passwords. It bounds the mails that one place can cause.
MAIL_SOURCE_RATE = Rate(attempts=60, seconds=3600, burst=20)

SOURCE_IPV4_PREFIX = 32
SOURCE_IPV6_PREFIX = 64  # a customer has at least this: RFC 6177 §2
SITE_IPV6_PREFIX = 48  # a customer has at most this: RFC 6177 §2
# P13: a /48 is one customer with 65,536 /64s, or a part of a mobile network with as many phones. It counts as five
# addresses. If one phone in a hundred is a user, 655 are. Even if all of them have to log in again within ten minutes,
# that is 13 a minute for each source, and those with a device token of ours are not counted at all.
SITE_SOURCES = 5
UNKNOWN_SOURCE = "unknown"


class RateLimit(NamedTuple):
    """One bucket with its rate."""

    bucket: str
    rate: Rate


class PasswordLimit(NamedTuple):
    """How often passwords may be tried in one way: the rate is booked first, then the attempt is counted."""

    rate: RateLimit
    counter: str


def login_limit(username: str, address: str) -> PasswordLimit:
    """Return the limit of logins of a stranger, of whom nothing is known."""
    source = bucket("login", bucket("source", _source(address)))
    return PasswordLimit(RateLimit(source, SOURCE_RATE), account_bucket(username))


def device_limit(user_id: str, device_id: str) -> PasswordLimit:
    """Return the limit of logins with the device token of this user."""
    name = bucket("device", user_id, device_id)
    return PasswordLimit(RateLimit(bucket("rate", name), SOURCE_RATE), name)


def password_change_limit(user_id: str) -> PasswordLimit:
    """Return the limit of changes of the password by the user."""
    name = bucket("password", user_id)
    return PasswordLimit(RateLimit(bucket("rate", name), SOURCE_RATE), name)


def reset_factor_limit(user_id: str) -> PasswordLimit:
    """Return the limit of codes that come with a proof that resets the password of this user.

    It is apart from `password_change_limit`: whoever has a stolen session must not keep its owner from the reset that
    ends it, and whoever has the mailbox must not make the owner wait in a session.
    """
    name = bucket("reset-factor", user_id)
    return PasswordLimit(RateLimit(bucket("rate", name), SOURCE_RATE), name)


def passkey_limit(address: str) -> RateLimit:
    """Return the limit of sign-ins with passkeys from this address. A signature cannot be guessed, so no user waits."""
    return RateLimit(bucket("passkey", _source(address)), SOURCE_RATE)


def registration_limit(address: str) -> RateLimit:
    """Return the limit of registrations from this address."""
    return RateLimit(bucket("register", _source(address)), REGISTRATION_RATE)


def mail_limit(email: str) -> RateLimit:
    """Return the limit of mails that confirm this address."""
    return RateLimit(bucket("mail", email), MAIL_RATE)


def reset_mail_limit(email: str) -> RateLimit:
    """Return the limit of mails to this address that reset a password of any of its users.

    It is apart from `mail_limit`, whose answers say when it is used up: else a stranger could use this one up with a
    user name, and learn the address of the user there.
    """
    return RateLimit(bucket("reset-mail", email), MAIL_RATE)


def device_mail_limit(user_id: str) -> RateLimit:
    """Return the limit of mails that reset the password of this user, asked for with a device token of this user.

    All devices of the user share it: each login without a token makes another one, so one of each would be no limit.
    """
    return RateLimit(bucket("device-mail", user_id), DEVICE_MAIL_RATE)


def no_mail_limit(username: str) -> RateLimit:
    """Return the limit of resets with a user name that gets no mail, so that it costs what any other name costs.

    It is apart from `reset_mail_limit`: a name that looks like an address uses up nothing of that address.
    """
    return RateLimit(bucket("no-mail", username), MAIL_RATE)


def undo_mail_limit(user_id: str) -> RateLimit:
    """Return the limit of undoings of an address of this user that come again. No stranger can use it up."""
    return RateLimit(bucket("undo-mail", user_id), MAIL_RATE)


def notice_limit(user_id: str, name: str) -> RateLimit:
    """Return the limit of notices of this name to this user.

    Each name has its own, so that nobody hides one change behind many others: a new passkey behind new recovery codes.
    """
    return RateLimit(bucket("notice", user_id, name), NOTICE_RATE)


def mail_source_limit(address: str) -> RateLimit:
    """Return the limit of mails that are asked for from this address."""
    return RateLimit(bucket("mail-source", _source(address)), MAIL_SOURCE_RATE)


def mail_code_limit(address: str) -> RateLimit:
    """Return the limit of codes that are tried from this address, on any challenges."""
    return RateLimit(bucket("mail-code", _source(address)), SOURCE_RATE)


def used_proof_limit(user_id: str) -> PasswordLimit:
    """Return the limit of passwords that come with a used proof of this user, to be recognised."""
    name = bucket("used-proof", user_id)
    return PasswordLimit(RateLimit(bucket("rate", name), SOURCE_RATE), name)


def account_bucket(username: str) -> str:
    """Return the counter of passwords that strangers tried on an account."""
    return bucket("account", username)


def dead_token_bucket(token: RefreshToken, transport: str) -> str:
    """Return the counter of refusals of a refresh token that came by this transport.

    A session may live on after a refusal: an old token came, or one by another transport than the session's. So neither
    may count against the token that lives. The seed is part of it too: a token that only claims to be of a session,
    under a leaked MAC key, must not count against that session.
    """
    return bucket("refresh", token.user_id, token.session_id, token.seed_hash.hex(), str(token.generation), transport)


def _source(address: str) -> str:
    """Return the source of an address: an IPv4 address itself, or one of the five of the /48 of an IPv6 address.

    A /64 is always in the same one. So one booking bounds both: a /64 by one rate, and a /48 by five.
    API Gateway's console names no address when it tests a route. All requests without an address are one source.
    """
    try:
        network = network_of(address, ipv4_prefix=SOURCE_IPV4_PREFIX, ipv6_prefix=SOURCE_IPV6_PREFIX)
    except ValueError:
        return UNKNOWN_SOURCE
    if isinstance(network, IPv4Network):
        return str(network).removesuffix(f"/{SOURCE_IPV4_PREFIX}")
    number = int(bucket("/64", str(network)), 16) % SITE_SOURCES
    return f"{network.supernet(new_prefix=SITE_IPV6_PREFIX)} {number}"

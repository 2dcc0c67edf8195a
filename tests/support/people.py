"""The users and keys of the functional tests."""

from dataclasses import replace
from functools import cache
from itertools import count

from edge_auth import base64url
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.credentials.passwords import hash_password
from edge_auth.keys.maker import key_maker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy, first_ring

PASSWORD = "a fine long passphrase"
WRONG_PASSWORD = "not the right passphrase"
BOB_ID = base64url.encode(b"bob" + bytes(13))
ADA_ID = base64url.encode(b"ada" + bytes(13))  # in the form of `refresh_token.new_id`
MADE_AT_SECONDS = 1_789_900_000  # 100,000 seconds before the tests' clock begins
HOUR = 3600
DAY = 86_400
_SALT = bytes(range(16))


@cache
def password_hash(password: str = PASSWORD) -> str:
    """Return a hash of the password, computed once for all tests."""
    return hash_password(password.encode(), entropy=lambda _count: _SALT)


def ada() -> Identity:
    """Return an active user with scope and roles."""
    return Identity(
        user_id=ADA_ID,
        username="ada",
        password_hash=password_hash(),
        status=ACTIVE,
        epoch=0,
        created_at_seconds=1_780_000_000,
        scope="read write",
        roles=("admin", "auditor"),
    )


def bob() -> Identity:
    """Return another active user, with the same password."""
    return replace(ada(), user_id=BOB_ID, username="bob")


@cache
def key_ring(alg: str = "ES256", serial: int = 0, made_at_seconds: int = MADE_AT_SECONDS) -> KeyRing:
    """Return a key ring. Another serial gives another ring."""
    drawn = count()
    policy = RotationPolicy(alg, period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=30 * DAY)
    make = key_maker(lambda size: bytes([serial + 65]) * (size - 1) + bytes([next(drawn)]))
    return first_ring(now_seconds=made_at_seconds, policy=policy, make=make)

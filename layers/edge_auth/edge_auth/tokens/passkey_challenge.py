"""Challenges of passkeys: random, and good for one purpose and five minutes. Nothing is stored for one.

    base64url(version ‖ mac_key_id ‖ expires_at ‖ random ‖ MAC)

The MAC is HMAC-SHA256 of the domain, the purpose, these parts and the user. So a challenge of another purpose, user or
deployment, and an expired one, is refused before any request is made (WebAuthn §13.4.3). The user of a sign-in is not
known yet, and empty.

Whoever opens a session for an answer writes the id of the challenge in the same transaction. So it opens one.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from edge_auth import base64url
from edge_auth.keys.mac_key import MAC_KEY_ID_BYTES, MacKey

LIFETIME_SECONDS = 300  # WebAuthn §15.1 recommends 300 to 600 seconds for a user who has to be verified
RANDOM_BYTES = 18  # WebAuthn §13.4.3: at least 16. With 18 the whole challenge has no unused bits
VERSION = 1

# The same keys make the MACs of refresh tokens and device tokens. No domain is the beginning of another one, and a
# refresh token begins with its version, which is no letter.
_DOMAIN = "edge-auth passkey challenge"
_MAC_BYTES = hashlib.sha256().digest_size
_BODY = struct.Struct(f">B{MAC_KEY_ID_BYTES}sI{RANDOM_BYTES}s")
CHARACTERS = (_BODY.size + _MAC_BYTES) * 4 // 3


class Purpose(StrEnum):
    """What a challenge is for. No purpose is accepted in the place of the other."""

    SIGN_IN = "sign-in"
    REGISTER = "register"


class NoChallenge(Exception):
    """The text is no challenge of ours for this purpose and user, or it has expired."""


class Challenge(NamedTuple):
    """A challenge. `challenge_id` is the random part, in base64url."""

    challenge_id: str
    expires_at_seconds: int


def mint(purpose: Purpose, key: MacKey, *, now_seconds: int, entropy: Callable[[int], bytes], user_id: str = "") -> str:
    """Draw a challenge, as the browser gets it."""
    body = _BODY.pack(VERSION, key.key_id, now_seconds + LIFETIME_SECONDS, entropy(RANDOM_BYTES))
    return base64url.encode(body + _mac(key, body, purpose, user_id))


def parse(
    text: str, keys: Mapping[bytes, MacKey], purpose: Purpose, *, now_seconds: int, user_id: str = ""
) -> Challenge:
    """Read a challenge of ours. `keys` are the MAC keys by their id.

    Raises:
        NoChallenge: anything else.

    """
    if len(text) != CHARACTERS:
        raise NoChallenge("shape")
    try:
        raw = base64url.decode(text)
    except ValueError:
        raise NoChallenge("encoding") from None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    version, key_id, expires_at_seconds, random = _BODY.unpack(body)
    key = keys.get(key_id)
    if version != VERSION or key is None:
        raise NoChallenge("version or MAC key")
    if not hmac.compare_digest(mac, _mac(key, body, purpose, user_id)):
        raise NoChallenge("MAC")
    if now_seconds >= expires_at_seconds:
        raise NoChallenge("expired")
    return Challenge(base64url.encode(random), expires_at_seconds)


def _mac(key: MacKey, body: bytes, purpose: Purpose, user_id: str) -> bytes:
    # The body has a fixed size, and neither the purpose nor a user id has a zero byte.
    head = f"{_DOMAIN}\0{purpose}\0{user_id}\0"
    return hmac.digest(key.secret, head.encode() + body, "sha256")

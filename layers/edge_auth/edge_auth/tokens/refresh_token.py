"""Refresh tokens: opaque to clients, checked by their MAC before any call is made.

    prefix ‖ base64url(version ‖ mac_key_id ‖ user_id ‖ session_id ‖ generation ‖ seed ‖ HMAC-SHA256 of these)

The seed is drawn once per session, and the table holds only its SHA-256. So no token can be made from a leaked table,
or from a leaked MAC key. The token of any generation is derived (same seed, that generation). So a retry gets the same
token as the others, and no secret is stored for it. RFC 9700 §4.14.2 allows a token that carries its grant if its
integrity is protected.
"""

import hashlib
import hmac
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from edge_auth import base64url
from edge_auth.errors import InvalidGrant
from edge_auth.keys.mac_key import MAC_KEY_ID_BYTES, MacKey

PREFIX = "edgeauth_rt_"  # for secret scanners. The MAC does not cover it, so it never varies
VERSION = 1
ID_BYTES = 16  # 128 bits, drawn at random: RFC 6749 §10.10
SEED_BYTES = 16
MAX_GENERATION = 2**32 - 1

_BODY = struct.Struct(f">B{MAC_KEY_ID_BYTES}s{ID_BYTES}s{ID_BYTES}sI{SEED_BYTES}s")
_MAC_BYTES = hashlib.sha256().digest_size
# 90 bytes are 120 characters without unused bits, so each token has one spelling.
TOKEN_CHARACTERS = len(PREFIX) + (_BODY.size + _MAC_BYTES) * 4 // 3


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """An authentic refresh token. `user_id` and `session_id` are 16 bytes each, in base64url (`new_id`)."""

    user_id: str
    session_id: str
    generation: int
    seed: bytes = field(repr=False)

    @property
    def seed_hash(self) -> bytes:
        """SHA-256 of the seed. The table holds it instead of the token."""
        return hashlib.sha256(self.seed).digest()

    @property
    def base(self) -> int:
        """The generation that is redeemed by presenting this token: its own."""
        return self.generation

    def of_generation(self, generation: int) -> "RefreshToken":
        """Return the token of another generation of the same session."""
        return replace(self, generation=generation)


def new_id(entropy: Callable[[int], bytes]) -> str:
    """Draw the id of a user or a session: 22 characters, which keeps every access token small."""
    return base64url.encode(entropy(ID_BYTES))


def id_bytes(text: str) -> bytes:
    """Return the bytes of an id that `new_id` drew. Raises ValueError for another text."""
    value = base64url.decode(text)
    if len(value) != ID_BYTES:
        raise ValueError("an id has 16 bytes")
    return value


def mint(token: RefreshToken, key: MacKey) -> str:
    """Write the token as the client gets it, under this MAC key.

    Raises:
        ValueError: an id does not have the form of `new_id`.

    """
    body = _BODY.pack(
        VERSION,
        key.key_id,
        id_bytes(token.user_id),
        id_bytes(token.session_id),
        token.generation,
        token.seed,
    )
    return PREFIX + base64url.encode(body + _mac(key, body))


def parse(text: str, keys: Mapping[bytes, MacKey]) -> RefreshToken:
    """Read an authentic token. `keys` are the MAC keys by their id.

    Raises:
        InvalidGrant: malformed, of another version, under an unknown key, forged, or of the last generation.

    """
    if len(text) != TOKEN_CHARACTERS or not text.startswith(PREFIX):
        raise InvalidGrant("shape")
    try:
        raw = base64url.decode(text.removeprefix(PREFIX))
    except ValueError:
        raise InvalidGrant("encoding") from None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    version, key_id, user_id, session_id, generation, seed = _BODY.unpack(body)
    key = keys.get(key_id)
    if version != VERSION or key is None:
        raise InvalidGrant("unknown version or MAC key")
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise InvalidGrant("MAC")
    if generation == MAX_GENERATION:
        raise InvalidGrant("last generation")
    return RefreshToken(base64url.encode(user_id), base64url.encode(session_id), generation, seed)


def _mac(key: MacKey, body: bytes) -> bytes:
    return hmac.digest(key.secret, body, "sha256")

"""The form of refresh tokens and of session tokens. Reading it checks no MAC.

    prefix ‖ base64url(version ‖ mac_key_id ‖ user_id ‖ session_id ‖ generation ‖ seed ‖ HMAC-SHA256 of these)

The MAC covers the version and not the prefix. So each kind has a version of its own, and a token of one kind under the
prefix of the other is neither.
"""

import struct
from typing import NamedTuple

from edge_auth import base64url

KEY_ID_BYTES = 5  # those of `keys.mac_key`, which loads more than an authorizer may
ID_BYTES = 16  # 128 bits, drawn at random: RFC 6749 §10.10
SEED_BYTES = 16
MAC_BYTES = 32  # SHA-256
MAX_GENERATION = 2**32 - 1

_BODY = struct.Struct(f">B{KEY_ID_BYTES}s{ID_BYTES}s{ID_BYTES}sI{SEED_BYTES}s")
# 90 bytes are 120 characters without unused bits, so each token has one spelling.
BODY_CHARACTERS = (_BODY.size + MAC_BYTES) * 4 // 3


class Kind(NamedTuple):
    """A kind of token. The prefix is for secret scanners, and never varies."""

    prefix: str
    version: int

    @property
    def characters(self) -> int:
        """The length of each token of this kind."""
        return len(self.prefix) + BODY_CHARACTERS


REFRESH = Kind("edgeauth_rt_", 1)
SESSION = Kind("edgeauth_st_", 2)


class TokenForm(NamedTuple):
    """The parts of a token. The ids are in base64url. `body` is what `mac` was made of, if the token is authentic."""

    key_id: bytes
    user_id: str
    session_id: str
    generation: int
    seed: bytes
    body: bytes
    mac: bytes


def id_bytes(text: str) -> bytes:
    """Return the bytes of an id that `refresh_token.new_id` drew. Raises ValueError for another text."""
    value = base64url.decode(text)
    if len(value) != ID_BYTES:
        raise ValueError("an id has 16 bytes")
    return value


def body_of(kind: Kind, key_id: bytes, user_id: str, session_id: str, generation: int, seed: bytes) -> bytes:
    """Return what the MAC of a token is made of.

    Raises:
        ValueError: an id does not have the form of `refresh_token.new_id`.

    """
    return _BODY.pack(kind.version, key_id, id_bytes(user_id), id_bytes(session_id), generation, seed)


def written(kind: Kind, body: bytes, mac: bytes) -> str:
    """Write a token as the client gets it."""
    return kind.prefix + base64url.encode(body + mac)


def read(text: str, kind: Kind) -> TokenForm:
    """Read a token of this kind. Its MAC was not checked.

    Raises:
        ValueError: another form, kind or version. The text says which, and quotes nothing.

    """
    if len(text) != kind.characters or not text.startswith(kind.prefix):
        raise ValueError("shape")
    try:
        raw = base64url.decode(text.removeprefix(kind.prefix))
    except ValueError:
        raise ValueError("encoding") from None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    version, key_id, user_id, session_id, generation, seed = _BODY.unpack(body)
    if version != kind.version:
        raise ValueError("version")
    return TokenForm(key_id, base64url.encode(user_id), base64url.encode(session_id), generation, seed, body, mac)

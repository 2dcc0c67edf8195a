"""Device tokens: with one, a client shows that a user has logged in on it before. The check of the MAC makes no call.

    prefix ‖ base64url(version ‖ mac_key_id ‖ user_id ‖ device_id ‖ binding ‖ MAC)

The MAC is HMAC-SHA256 of the domain, these parts and the user name. The name comes with the login, so it is not in the
token. A login with another name has no authentic token, and that is known before the user is read.

It is no credential: it replaces no password and opens no session. It only lets attempts on this client be counted by
themselves, so that strangers cannot make its user wait (OWASP's "device cookie"). Nothing is stored for it.

The binding is a hash of what the table has of the user. So the token ends when that changes, and no token can be made
from a leaked MAC key. It also ends with its MAC key.
"""

import hashlib
import hmac
import struct
from collections.abc import Mapping
from typing import NamedTuple

from edge_auth import base64url
from edge_auth.keys.mac_key import MAC_KEY_ID_BYTES, MacKey
from edge_auth.tokens.token_form import ID_BYTES, id_bytes

PREFIX = "edgeauth_dt_"  # for secret scanners
VERSION = 1
# The same keys make the MACs of refresh tokens. A refresh token begins with its version, which is no letter.
_DOMAIN = b"edge-auth device token"

_HASH_BYTES = hashlib.sha256().digest_size
_BODY = struct.Struct(f">B{MAC_KEY_ID_BYTES}s{ID_BYTES}s{ID_BYTES}s{_HASH_BYTES}s")
# 102 bytes are 136 characters without unused bits, so each token has one spelling.
TOKEN_CHARACTERS = len(PREFIX) + (_BODY.size + _HASH_BYTES) * 4 // 3


class NoDeviceToken(Exception):
    """The text is no authentic device token. A login goes on without one, and the client does not learn of it."""


class DeviceToken(NamedTuple):
    """A device on which this user has logged in. The ids are in the form of `refresh_token.new_id`."""

    user_id: str
    device_id: str
    binding: bytes


def bound(user_id: str, device_id: str, *, epoch: int, password_hash: str) -> DeviceToken:
    """Return the token of a device of a user who has this epoch and this password hash.

    The hash of the password has a random salt. So the binding can neither be guessed, nor be used to guess a password.
    """
    state = "\0".join((_DOMAIN.decode(), user_id, device_id, str(epoch), password_hash))
    return DeviceToken(user_id, device_id, hashlib.sha256(state.encode()).digest())


def mint(token: DeviceToken, key: MacKey, *, username: str) -> str:
    """Write the token as the client gets it, under this MAC key. `username` is the canonical name of its user.

    Raises:
        ValueError: an id does not have the form of `new_id`.

    """
    body = _BODY.pack(VERSION, key.key_id, id_bytes(token.user_id), id_bytes(token.device_id), token.binding)
    return PREFIX + base64url.encode(body + _mac(key, body, username))


def parse(text: str, keys: Mapping[bytes, MacKey], *, username: str) -> DeviceToken:
    """Read an authentic token of the user with this canonical name. `keys` are the MAC keys by their id.

    Raises:
        NoDeviceToken: anything else, also the token of a user with another name.

    """
    if len(text) != TOKEN_CHARACTERS or not text.startswith(PREFIX):
        raise NoDeviceToken
    try:
        raw = base64url.decode(text.removeprefix(PREFIX))
    except ValueError:
        raise NoDeviceToken from None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    version, key_id, user_id, device_id, binding = _BODY.unpack(body)
    key = keys.get(key_id)
    if version != VERSION or key is None or not hmac.compare_digest(mac, _mac(key, body, username)):
        raise NoDeviceToken
    return DeviceToken(base64url.encode(user_id), base64url.encode(device_id), binding)


def _mac(key: MacKey, body: bytes, username: str) -> bytes:
    # Domain and body have fixed sizes and the name comes last, so no two of them make the same text.
    return hmac.digest(key.secret, _DOMAIN + body + username.encode(), "sha256")

"""Proof tokens: each proves one thing, once and for a short time. The check of the MAC makes no call.

    prefix ‖ base64url(version ‖ mac_key_id ‖ kind ‖ proof_id ‖ user_id ‖ expires_at ‖ binding ‖ MAC)

The MAC is HMAC-SHA256 of the domain and these parts. So a forged or expired token, and one of another kind, is refused
before any request is made. A link has the token. Beside it stands a code of 8 digits, for those who cannot open the
link. It is made from the MAC of the same parts under another domain. So nothing that is stored, neither the proof's id
nor the binding, is enough to make the token or the code: that needs the key.

The binding is a hash of what the table has of the user. It is compared after the user is read. So the token ends when
the password, the epoch, the address or the factors of the user change.
"""

import hashlib
import hmac
import struct
from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from edge_auth import base64url
from edge_auth.errors import InvalidProof
from edge_auth.keys.mac_key import MAC_KEY_ID_BYTES, MacKey
from edge_auth.tokens.token_form import ID_BYTES, id_bytes

PREFIX = "edgeauth_pt_"  # for secret scanners
VERSION = 1
CODE_DIGITS = 8

# The same keys make the MACs of refresh tokens and device tokens. No domain is the beginning of another one, and a
# refresh token begins with its version, which is no letter.
_DOMAIN = b"edge-auth proof token"
_CODE_DOMAIN = b"edge-auth proof code"

BINDING_BYTES = 24  # 192 bits of a SHA-256
_MAC_BYTES = hashlib.sha256().digest_size
_BODY = struct.Struct(f">B{MAC_KEY_ID_BYTES}sB{ID_BYTES}s{ID_BYTES}sI{BINDING_BYTES}s")
# 99 bytes are 132 characters without unused bits, so each token has one spelling.
TOKEN_CHARACTERS = len(PREFIX) + (_BODY.size + _MAC_BYTES) * 4 // 3


class Kind(StrEnum):
    """What a proof is for. No kind is accepted in the place of another one."""

    RESET = "reset"  # a new password
    CONFIRM = "confirm"  # an address belongs to the user
    UNDO = "undo"  # the change of an address
    MFA = "mfa"  # the password of a login was right, and its second factor is still to come
    ENROL = "enrol"  # a second factor
    PASSKEY = "passkey"


_NUMBERS = {Kind.RESET: 1, Kind.CONFIRM: 2, Kind.UNDO: 3, Kind.MFA: 4, Kind.ENROL: 5, Kind.PASSKEY: 6}


class Proof(NamedTuple):
    """A proof. The ids are 16 bytes each, in base64url (`refresh_token.new_id`), and the binding is `bound`'s."""

    kind: Kind
    proof_id: str
    user_id: str
    expires_at_seconds: int
    binding: bytes


def bound(user_id: str, *, epoch: int, password_hash: str, email: str, factors_version: int = 0) -> bytes:
    """Return the binding to a user with this epoch, password hash, address and state of the factors.

    `email` is the address that the proof is about: the one that the user has, or that one and the one to confirm.

    The hash of the password has a random salt. So the binding can neither be guessed, nor be used to guess a password.
    """
    state = "\0".join((_DOMAIN.decode(), user_id, str(epoch), password_hash, email, str(factors_version)))
    return hashlib.sha256(state.encode()).digest()[:BINDING_BYTES]


def mint(proof: Proof, key: MacKey) -> str:
    """Write the token as the user gets it, under this MAC key.

    Raises:
        ValueError: a part does not have its form.

    """
    body = _body(proof, key)
    return PREFIX + base64url.encode(body + _mac(key, body))


def code(proof: Proof, key: MacKey) -> str:
    """Return the 8 digits that stand beside the token. They are worth nothing where guesses are not counted.

    Raises:
        ValueError: a part does not have its form.

    """
    mac = hmac.digest(key.secret, _CODE_DOMAIN + _body(proof, key), "sha256")
    return f"{int.from_bytes(mac) % 10**CODE_DIGITS:0{CODE_DIGITS}}"


def parse(text: str, keys: Mapping[bytes, MacKey], kind: Kind, *, now_seconds: int) -> Proof:
    """Read an authentic token of this kind that has not expired. `keys` are the MAC keys by their id.

    Raises:
        InvalidProof: anything else.

    """
    if len(text) != TOKEN_CHARACTERS or not text.startswith(PREFIX):
        raise InvalidProof("shape")
    try:
        raw = base64url.decode(text.removeprefix(PREFIX))
    except ValueError:
        raise InvalidProof("encoding") from None
    body, mac = raw[: _BODY.size], raw[_BODY.size :]
    version, key_id, number, proof_id, user_id, expires_at_seconds, binding = _BODY.unpack(body)
    key = keys.get(key_id)
    if version != VERSION or key is None:
        raise InvalidProof("version or MAC key")
    if not hmac.compare_digest(mac, _mac(key, body)):
        raise InvalidProof("MAC")
    if number != _NUMBERS[kind]:
        raise InvalidProof("another kind")
    if now_seconds >= expires_at_seconds:
        raise InvalidProof("expired")
    return Proof(kind, base64url.encode(proof_id), base64url.encode(user_id), expires_at_seconds, binding)


def _body(proof: Proof, key: MacKey) -> bytes:
    if len(proof.binding) != BINDING_BYTES or not 0 <= proof.expires_at_seconds < 2**32:
        raise ValueError("a binding has 24 bytes, and a time 32 bits")
    return _BODY.pack(
        VERSION,
        key.key_id,
        _NUMBERS[proof.kind],
        id_bytes(proof.proof_id),
        id_bytes(proof.user_id),
        proof.expires_at_seconds,
        proof.binding,
    )


def _mac(key: MacKey, body: bytes) -> bytes:
    return hmac.digest(key.secret, _DOMAIN + body, "sha256")

"""Authenticator data: what an authenticator says, and signs, in each ceremony (WebAuthn §6.1)."""

import struct
from typing import NamedTuple

from edge_auth.webauthn.cbor import read_map
from edge_auth.webauthn.refusal import NotVerified

MAX_CREDENTIAL_ID_BYTES = 1023  # WebAuthn §7.1, step 25

_HEAD = struct.Struct(">32sBI")
_ATTESTED = struct.Struct(">16sH")
_USER_AT_HAND, _BACKUP_ELIGIBLE, _BACKED_UP, _HAS_KEY, _HAS_EXTENSIONS = 1 | 4, 8, 16, 64, 128  # the flags


class NewKey(NamedTuple):
    """The attested credential data: the id of a new credential and its public key, a COSE key (WebAuthn §6.5.1)."""

    credential_id: bytes
    public_key: bytes


class AuthenticatorData(NamedTuple):
    """Authenticator data. A verified user is present, too. `sign_count` is 0 if the authenticator does not count."""

    rp_id_hash: bytes
    sign_count: int
    is_user_verified: bool
    is_backup_eligible: bool
    is_backed_up: bool
    new_key: NewKey | None


def authenticator_data(data: bytes) -> AuthenticatorData:
    """Read authenticator data. Extensions must be well formed, and are ignored.

    Raises:
        NotVerified: too few or too many bytes, a form that is not allowed, or a backup of what cannot have one.

    """
    if len(data) < _HEAD.size:
        raise NotVerified("authenticator data: size")
    rp_id_hash, flags, sign_count = _HEAD.unpack_from(data)
    end, new_key = _HEAD.size, None
    if flags & _HAS_KEY:
        new_key, end = _new_key(data, end)
    if flags & _HAS_EXTENSIONS:
        _, end = read_map(data, end)
    if end != len(data):
        raise NotVerified("authenticator data: size")
    if flags & _BACKED_UP and not flags & _BACKUP_ELIGIBLE:  # WebAuthn §6.1.3
        raise NotVerified("authenticator data: backup state")
    return AuthenticatorData(
        rp_id_hash,
        sign_count,
        is_user_verified=flags & _USER_AT_HAND == _USER_AT_HAND,
        is_backup_eligible=bool(flags & _BACKUP_ELIGIBLE),
        is_backed_up=bool(flags & _BACKED_UP),
        new_key=new_key,
    )


def _new_key(data: bytes, start: int) -> tuple[NewKey, int]:
    at = start + _ATTESTED.size
    if at > len(data):
        raise NotVerified("authenticator data: size")
    _aaguid, size = _ATTESTED.unpack_from(data, start)
    key_at = at + size
    if not 0 < size <= MAX_CREDENTIAL_ID_BYTES or key_at > len(data):
        raise NotVerified("authenticator data: credential id")
    _, end = read_map(data, key_at)
    return NewKey(data[at:key_at], data[key_at:end]), end

"""Seals a secret that has to be read again, with AES-256-GCM (NIST SP 800-38D).

    version ‖ key_id ‖ nonce ‖ ciphertext ‖ tag

The purpose and the user are authenticated with it. So what was sealed for one user or purpose opens for no other.
"""

import struct
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from edge_auth.keys.sealing_key import KEY_ID_BYTES, SealingKey, SealingKeys

VERSION = 1
NONCE_BYTES = 12  # SP 800-38D §8.2.2: drawn at random, for far less than 2^32 secrets a key
TAG_BYTES = 16

_HEAD = struct.Struct(f">B{KEY_ID_BYTES}s")
_DOMAIN = "edge-auth sealed secret"


class NotSealed(Exception):
    """The bytes were not sealed by one of these keys for this user and purpose. The text says what is wrong."""


def seal(secret: bytes, key: SealingKey, *, purpose: str, user_id: str, entropy: Callable[[int], bytes]) -> bytes:
    """Seal a secret for one user and purpose."""
    head, nonce = _HEAD.pack(VERSION, key.key_id), entropy(NONCE_BYTES)
    return head + nonce + AESGCM(key.cipher).encrypt(nonce, secret, _bound(head, purpose, user_id))


def unseal(sealed: bytes, keys: SealingKeys, *, purpose: str, user_id: str) -> bytes:
    """Return the secret. Raises NotSealed."""
    if len(sealed) < _HEAD.size + NONCE_BYTES + TAG_BYTES:
        raise NotSealed("size")
    head, nonce = sealed[: _HEAD.size], sealed[_HEAD.size : _HEAD.size + NONCE_BYTES]
    version, key_id = _HEAD.unpack(head)
    key = keys.by_id.get(key_id)
    if version != VERSION or key is None:
        raise NotSealed("version or key")
    try:
        return AESGCM(key.cipher).decrypt(nonce, sealed[_HEAD.size + NONCE_BYTES :], _bound(head, purpose, user_id))
    except InvalidTag:
        raise NotSealed("tag") from None


def is_under(sealed: bytes, key: SealingKey) -> bool:
    """Whether this key has sealed it, as far as its first bytes say."""
    return sealed.startswith(_HEAD.pack(VERSION, key.key_id))


def _bound(head: bytes, purpose: str, user_id: str) -> bytes:
    return head + f"{_DOMAIN}\0{purpose}\0{user_id}".encode()

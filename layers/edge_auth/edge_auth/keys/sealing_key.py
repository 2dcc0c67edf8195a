"""The keys that seal the secrets of second factors. They are not in the key ring: few functions may read them.

CloudFormation draws the first one, a line of random characters, and no function writes them. An operator adds a line in
front of the others to begin a new one. The first line seals, and the others only open what they have sealed.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

KEY_ID_BYTES = 4
# 43 letters and digits have 256 bits, as many as AES-256 takes.
MIN_CHARACTERS = 43
MAX_KEYS = 8  # each of them costs a MAC for every recovery code that is checked

_ID_DOMAIN = b"edge-auth sealing key id\0"
_CIPHER_DOMAIN = b"edge-auth sealing key of AES-256-GCM\0"
_MAC_DOMAIN = b"edge-auth sealing key of recovery codes\0"


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One key: its id of 4 bytes, which is public, and 32 bytes each for the cipher and for the MACs of codes."""

    key_id: bytes
    cipher: bytes = field(repr=False)
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SealingKeys:
    """All keys of a deployment. `newest` seals, and `by_id` has each of them."""

    newest: SealingKey
    by_id: Mapping[bytes, SealingKey]


def sealing_keys_from(text: str) -> SealingKeys:
    """Read the text of the secret: one key a line, the newest first.

    Raises:
        ValueError: there is no key, or a line is too short. The message quotes nothing.

    """
    lines = text.split()
    if not 0 < len(lines) <= MAX_KEYS:
        raise ValueError(f"not 1 to {MAX_KEYS} sealing keys")
    if min(map(len, lines)) < MIN_CHARACTERS:
        raise ValueError(f"a sealing key has less than {MIN_CHARACTERS} characters")
    keys = [_key(line.encode()) for line in lines]
    return SealingKeys(keys[0], {key.key_id: key for key in keys})


def _key(line: bytes) -> SealingKey:
    # The lines have more bits than the keys, so a hash is enough.
    parts = [hashlib.sha256(domain + line).digest() for domain in (_ID_DOMAIN, _CIPHER_DOMAIN, _MAC_DOMAIN)]
    return SealingKey(parts[0][:KEY_ID_BYTES], parts[1], parts[2])

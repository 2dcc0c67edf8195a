"""Password hashing with Argon2id (RFC 9106), stored as PHC strings.

Every check of a password hashes once, whether the user exists or not, and even if the stored hash is damaged. So its
time does not reveal which is the case.
"""

import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.errors import InvalidCredentials, InvalidRequest

MAX_PASSWORD_BYTES = 1024  # bounds the work that any client can cause

SALT_BYTES = 16  # RFC 9106 §3.1
HASH_BYTES = 32  # RFC 9106 §4


class Argon2idProfile(NamedTuple):
    """Argon2id parameters: memory in KiB, passes over it, parallel lanes."""

    memory_kib: int
    iterations: int
    lanes: int

    @property
    def phc_prefix(self) -> str:
        """The beginning of every PHC string under this profile."""
        return f"$argon2id$v=19$m={self.memory_kib},t={self.iterations},p={self.lanes}$"


# OWASP Password Storage Cheat Sheet, the second of its equivalent choices; ASVS 11.4.2.
OWASP_19_MIB = Argon2idProfile(memory_kib=19_456, iterations=2, lanes=1)
PROFILE = OWASP_19_MIB

# A stored hash beyond these bounds is damage, or an attack on the function's memory. It is not checked.
_MAX_MEMORY_KIB = 131_072
_MAX_ITERATIONS = 16
_MAX_LANES = 8
_PHC = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]{0,2}),p=([1-9][0-9]?)"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)
# A well-formed hash under today's parameters, of no known password. A check takes the usual time and fails.
_UNMATCHABLE = f"{PROFILE.phc_prefix}{'A' * 22}${'A' * 43}"


def password_bytes(password: str) -> bytes:
    """Return the bytes to hash: the password in Unicode's form NFC, otherwise exactly as received, in UTF-8.

    Raises:
        InvalidRequest: empty, over 1024 bytes, or not Unicode text (a lone surrogate).

    """
    try:
        received = password.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidRequest("password is not Unicode text") from None
    if not 0 < len(received) <= MAX_PASSWORD_BYTES:
        raise InvalidRequest("password length")
    return unicodedata.normalize("NFC", password).encode("utf-8")


def hash_password(password: bytes, *, entropy: Callable[[int], bytes]) -> str:
    """Hash a password under today's profile; return a PHC string."""
    argon2id = Argon2id(
        salt=entropy(SALT_BYTES),
        length=HASH_BYTES,
        iterations=PROFILE.iterations,
        lanes=PROFILE.lanes,
        memory_cost=PROFILE.memory_kib,
    )
    return argon2id.derive_phc_encoded(password)


def check_password(password: bytes, stored_hash: str | None) -> None:
    """Check a password. `stored_hash` None stands for a user that does not exist.

    Raises:
        InvalidCredentials: the password is wrong, there is no such user, or the stored hash is unusable.

    """
    checked = stored_hash if stored_hash is not None and _is_usable(stored_hash) else _UNMATCHABLE
    try:
        Argon2id.verify_phc_encoded(password, checked)
    except InvalidKey:
        raise InvalidCredentials("no usable password hash" if checked is _UNMATCHABLE else "wrong password") from None


def needs_rehash(stored_hash: str) -> bool:
    """Whether a hash was made under other parameters than today's."""
    return not stored_hash.startswith(PROFILE.phc_prefix)


def _is_usable(stored_hash: str) -> bool:
    """Whether a check of this hash costs one hash: not more (damage, an attack), and not none (invalid base64)."""
    parts = _PHC.fullmatch(stored_hash)
    if parts is None:
        return False
    memory_kib, iterations, lanes = (int(part) for part in parts.groups()[:3])
    return (
        8 * lanes <= memory_kib <= _MAX_MEMORY_KIB  # RFC 9106 §3.1: at least 8 KiB a lane
        and iterations <= _MAX_ITERATIONS
        and lanes <= _MAX_LANES
        and _is_base64(parts[4])
        and _is_base64(parts[5])
    )


def _is_base64(text: str) -> bool:
    """Whether this is canonical base64 without padding. The library requires that before it hashes."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return b64encode(data).rstrip(b"=").decode("ascii") == text

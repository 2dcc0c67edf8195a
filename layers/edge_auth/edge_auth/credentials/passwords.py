"""Password hashing with Argon2id (RFC 9106), stored as PHC strings.

Every check that fails hashes once under each of PROFILES: for a stored hash under any of them, for a damaged one, and
for a user who does not exist. So its time does not reveal which is the case.
"""

import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress
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

# The profiles that stored hashes have: today's first, then those of hashes that older versions made. A hash under
# another profile is checked too, but then the time of a wrong password tells that its user exists.
PROFILES = (PROFILE,)

# A stored hash beyond these bounds is damage, or an attack on the function's memory. It is not checked.
_MAX_MEMORY_KIB = 131_072
_MAX_ITERATIONS = 16
_MAX_LANES = 8
_PHC = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]{0,2}),p=([1-9][0-9]?)"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)
_UNMATCHABLE = f"{'A' * 22}${'A' * 43}"  # the salt and the hash of no known password


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


def hash_password(password: bytes, *, entropy: Callable[[int], bytes], profile: Argon2idProfile = PROFILE) -> str:
    """Hash a password under a profile; return a PHC string."""
    argon2id = Argon2id(
        salt=entropy(SALT_BYTES),
        length=HASH_BYTES,
        iterations=profile.iterations,
        lanes=profile.lanes,
        memory_cost=profile.memory_kib,
    )
    return argon2id.derive_phc_encoded(password)


def check_password(
    password: bytes, stored_hash: str | None, *, profiles: tuple[Argon2idProfile, ...] = PROFILES
) -> None:
    """Check a password. `stored_hash` None stands for a user that does not exist.

    Raises:
        InvalidCredentials: the password is wrong, there is no such user, or the stored hash is unusable.

    """
    is_usable = stored_hash is not None and _is_usable(stored_hash)
    checked = stored_hash if stored_hash is not None and is_usable else profiles[0].phc_prefix + _UNMATCHABLE
    try:
        Argon2id.verify_phc_encoded(password, checked)
    except InvalidKey:
        for other in profiles:
            if not checked.startswith(other.phc_prefix):
                with suppress(InvalidKey):
                    Argon2id.verify_phc_encoded(password, other.phc_prefix + _UNMATCHABLE)
        raise InvalidCredentials("wrong password" if is_usable else "no usable password hash") from None


def needs_rehash(stored_hash: str) -> bool:
    """Whether a hash is weaker than today's: it takes less memory, or fewer passes."""
    stored = _profile_of(stored_hash)
    return stored.memory_kib < PROFILE.memory_kib or stored.iterations < PROFILE.iterations


def stronger_hash(password: bytes, stored_hash: str, *, entropy: Callable[[int], bytes]) -> str:
    """Hash a password again, with at least today's memory and passes, and no less of either than before."""
    stored = _profile_of(stored_hash)
    profile = PROFILE._replace(
        memory_kib=max(PROFILE.memory_kib, stored.memory_kib),
        iterations=max(PROFILE.iterations, stored.iterations),
    )
    return hash_password(password, entropy=entropy, profile=profile)


def _profile_of(stored_hash: str) -> Argon2idProfile:
    """Return the profile of a hash. A malformed one has none: it is weaker than any."""
    parts = _PHC.fullmatch(stored_hash)
    return Argon2idProfile(*(int(part) for part in parts.groups()[:3])) if parts else Argon2idProfile(0, 0, 0)


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

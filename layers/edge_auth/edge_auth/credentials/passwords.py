"""Password hashing with Argon2id (RFC 9106), stored as PHC strings.

Every check that fails hashes once under each profile: for a stored hash under any of them, for one that is not checked,
and for a user who does not exist. So its time does not reveal which is the case.
"""

import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials.profiles import PROFILE, Argon2idProfile, renewal
from edge_auth.errors import InvalidCredentials, InvalidRequest

MAX_PASSWORD_BYTES = 1024  # bounds the work that any client can cause

SALT_BYTES = 16  # RFC 9106 §3.1
HASH_BYTES = 32  # RFC 9106 §4


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


def check_password(password: bytes, stored_hash: str | None, profiles: tuple[Argon2idProfile, ...]) -> None:
    """Check a password. `stored_hash` None stands for a user that does not exist.

    A hash under a profile that is not among `profiles` is refused unchecked, like a damaged one.

    Raises:
        InvalidCredentials: the password is wrong, there is no such user, or the stored hash is not checked.

    """
    reason = "wrong password"
    try:
        checked = _usable(stored_hash, profiles)
    except InvalidCredentials as error:
        checked, reason = profiles[0].phc_prefix + _UNMATCHABLE, error.detail
    try:
        Argon2id.verify_phc_encoded(password, checked)
    except InvalidKey:
        for other in profiles:
            if not checked.startswith(other.phc_prefix):
                with suppress(InvalidKey):
                    Argon2id.verify_phc_encoded(password, other.phc_prefix + _UNMATCHABLE)
        raise InvalidCredentials(reason) from None


def needs_rehash(stored_hash: str) -> bool:
    """Whether a hash is weaker than today's: it takes less memory, or fewer passes."""
    stored = _profile_of(stored_hash)
    return renewal(stored) != stored


def stronger_hash(password: bytes, stored_hash: str, *, entropy: Callable[[int], bytes]) -> str:
    """Hash a password again, with at least today's memory and passes, and no less of either than before."""
    return hash_password(password, entropy=entropy, profile=renewal(_profile_of(stored_hash)))


def _profile_of(stored_hash: str) -> Argon2idProfile:
    """Return the profile of a hash. A malformed one has none: it is weaker than any."""
    parts = _PHC.fullmatch(stored_hash)
    return Argon2idProfile(*map(int, parts.groups()[:3])) if parts else Argon2idProfile(0, 0, 0)


def _usable(stored_hash: str | None, profiles: tuple[Argon2idProfile, ...]) -> str:
    """Return the hash, if a check of it is one hash under one of the profiles: not more, and not none.

    Raises:
        InvalidCredentials: it is not. The detail says why, for an operator.

    """
    parts = _PHC.fullmatch(stored_hash or "")
    if stored_hash is None or parts is None or not (_is_base64(parts[4]) and _is_base64(parts[5])):
        raise InvalidCredentials("no usable password hash")
    if _profile_of(stored_hash) not in profiles:
        raise InvalidCredentials("the profile of the password hash is not declared")
    return stored_hash


def _is_base64(text: str) -> bool:
    """Whether this is canonical base64 without padding. The library requires that before it hashes."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return b64encode(data).rstrip(b"=").decode("ascii") == text

"""Password hashing with Argon2id (RFC 9106), stored as PHC strings.

Hashes that were brought along from other systems are checked too, if their kinds are declared (`profiles`).

Every check that fails hashes once under each profile and kind: for a stored hash of any of them, for one that is not
checked, and for a user who does not exist. So its time does not reveal which is the case.
"""

import re
import unicodedata
from base64 import b64decode, b64encode
from collections.abc import Callable
from contextlib import suppress

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials.profiles import PROFILE, Argon2idProfile, HashKind, renewal
from edge_auth.errors import InvalidCredentials, InvalidRequest

MAX_PASSWORD_BYTES = 1024  # bounds the work that any client can cause

SALT_BYTES = 16  # RFC 9106 §3.1
HASH_BYTES = 32  # RFC 9106 §4


_PHC = re.compile(
    r"\$argon2id\$v=19\$m=([1-9][0-9]{0,6}),t=([1-9][0-9]{0,2}),p=([1-9][0-9]?)"
    r"\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})"
)
# The form of `foreign_hashes`, for the log only: a kind that is not declared is not looked at.
_FOREIGN = re.compile(r"\$(?:bcrypt|pbkdf2|scrypt|firebase)[a-z0-9-]{0,16}\$[a-z0-9,=]{1,40}\$[A-Za-z0-9+/$]{1,200}")


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


def check_password(password: bytes, stored_hash: str | None, profiles: tuple[HashKind, ...]) -> None:
    """Check a password. `stored_hash` None stands for a user that does not exist.

    A hash of a kind that is not among `profiles` is refused unchecked, like a damaged one.

    Raises:
        InvalidCredentials: the password is wrong, there is no such user, or the stored hash is not checked.

    """
    reason = "wrong password"
    try:
        checked = _usable(stored_hash, profiles)
    except InvalidCredentials as error:
        checked, reason = (profiles[0], profiles[0].unmatchable), error.detail
    try:
        _verify(password, *checked)
    except InvalidKey:
        for other in profiles:
            if other != checked[0]:
                with suppress(InvalidKey):
                    _verify(password, other, other.unmatchable)
        raise InvalidCredentials(reason) from None


def check_form(stored_hash: str) -> None:
    """Check that this is a PHC string of Argon2id. Raises ValueError: it is none, or a damaged one."""
    if not _is_argon2id(stored_hash):
        raise ValueError("not a PHC string of Argon2id")


def needs_rehash(stored_hash: str) -> bool:
    """Whether a hash is weaker than today's: it takes less memory, or fewer passes."""
    stored = _profile_of(stored_hash)
    return renewal(stored) != stored


def stronger_hash(password: bytes, stored_hash: str, *, entropy: Callable[[int], bytes]) -> str:
    """Hash a password again, with at least today's memory and passes, and no less of either than before."""
    return hash_password(password, entropy=entropy, profile=renewal(_profile_of(stored_hash)))


def _profile_of(stored_hash: str) -> Argon2idProfile:
    """Return the profile of a hash. A malformed one, and one of another system, has none: it is weaker than any."""
    parts = _PHC.fullmatch(stored_hash)
    return Argon2idProfile(*map(int, parts.groups()[:3])) if parts else Argon2idProfile(0, 0, 0)


def _verify(password: bytes, kind: HashKind, stored_hash: str) -> None:
    """Compute one hash of this kind and compare it. Raises InvalidKey."""
    if isinstance(kind, Argon2idProfile):
        Argon2id.verify_phc_encoded(password, stored_hash)
    else:
        kind.verify(password, stored_hash)


def _usable(stored_hash: str | None, profiles: tuple[HashKind, ...]) -> tuple[HashKind, str]:
    """Return the hash and its kind, if a check of it is one hash of one of these kinds: not more, and not none.

    Raises:
        InvalidCredentials: it is not. The detail says why, for an operator.

    """
    text = stored_hash or ""
    kind = next((kind for kind in profiles if text.startswith(kind.phc_prefix)), None)
    if kind is None:
        is_hash = _PHC.fullmatch(text) or _FOREIGN.fullmatch(text)
        why = "the profile of the password hash is not declared" if is_hash else "no usable password hash"
        raise InvalidCredentials(why)
    if not (_is_argon2id(text) if isinstance(kind, Argon2idProfile) else kind.is_kind_of(text)):
        raise InvalidCredentials("no usable password hash")
    return kind, text


def _is_argon2id(text: str) -> bool:
    parts = _PHC.fullmatch(text)
    return parts is not None and _is_base64(parts[4]) and _is_base64(parts[5])


def _is_base64(text: str) -> bool:
    """Whether this is canonical base64 without padding. The library requires that before it hashes."""
    try:
        data = b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return False
    return b64encode(data).rstrip(b"=").decode("ascii") == text

"""Reads the texts in which other systems keep a password hash, and writes them in the stored form.

The forms are those of PHC strings, bcrypt, passlib, Django, Firebase, Keycloak and Supabase. A hash beyond the bounds
of a password check is refused here, and not only at a login.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from edge_auth.credentials.foreign_hashes import FROM_BCRYPT, ForeignKind, declared_kind, foreign_kind
from edge_auth.credentials.passwords import check_form
from edge_auth.credentials.profiles import checked_profiles

# Keycloak's and passlib's names, and those of Django's hashers.
PBKDF2 = {"pbkdf2": "pbkdf2-sha1", "pbkdf2-sha256": "pbkdf2-sha256", "pbkdf2-sha512": "pbkdf2-sha512"}
DJANGO_PBKDF2 = {"pbkdf2_sha1": "pbkdf2-sha1", "pbkdf2_sha256": "pbkdf2-sha256"}

_PROFILE = re.compile(r"\$argon2id\$v=19\$(m=[0-9]+,t=[0-9]+,p=[0-9]+)\$.+")
_BCRYPT = re.compile(r"\$2[aby]\$([0-9]{2})\$([./A-Za-z0-9]{22})([./A-Za-z0-9]{31})")
_DJANGO_PBKDF2 = re.compile(r"(pbkdf2_sha(?:1|256))\$([0-9]{1,9})\$([^$]+)\$([+/A-Za-z0-9]+=*)")
_DJANGO_SCRYPT = re.compile(r"scrypt\$([0-9]{1,9})\$([^$]+)\$([0-9]{1,2})\$([0-9]{1,2})\$([+/A-Za-z0-9]+=*)")
_PASSLIB = re.compile(r"\$(pbkdf2(?:-sha256|-sha512)?)\$([0-9]{1,9})\$([./A-Za-z0-9]+)\$([./A-Za-z0-9]+)")
_PHC_SCRYPT = re.compile(r"\$scrypt\$ln=([0-9]{1,2}),r=([0-9]{1,2}),p=([0-9]{1,2})\$([+/A-Za-z0-9]+)\$([+/A-Za-z0-9]+)")
_STORED = re.compile(r"\$([a-z0-9-]+)\$([a-z]+=[a-z0-9=,]+)\$([+/A-Za-z0-9]+)\$([+/A-Za-z0-9]+)")
_SUPABASE_FIREBASE = re.compile(
    r"\$fbscrypt\$v=1,n=([0-9]{1,2}),r=([0-9]{1,2}),p=1"
    r"(?:,ss=([+/A-Za-z0-9]+=*))?,sk=([+/A-Za-z0-9]+=*)\$([+/A-Za-z0-9]+=*)\$([+/A-Za-z0-9]+=*)"
)


class NotAHash(ValueError):
    """A text is no password hash that can be taken. The message says why, and never quotes it."""


class Hash(NamedTuple):
    """A hash as it is stored, and the text that declares its kind in `PasswordProfiles`."""

    stored: str
    declaration: str

    def __repr__(self) -> str:
        """Leave the hash out."""
        return f"Hash(declaration={self.declaration!r})"


def read_hash(text: str) -> Hash:
    """Read a password hash of any known form.

    Raises:
        NotAHash: it has another form, is damaged, or is beyond the bounds.

    """
    bare = text.removeprefix("argon2").removeprefix("bcrypt$")  # Django writes the name of its hasher before these
    try:
        return (
            _argon2id(bare)
            or _bcrypt(bare)
            or _django_bcrypt_sha256(text)
            or _django_pbkdf2(text)
            or _django_scrypt(text)
            or _passlib(text)
            or _phc_scrypt(text)
            or _supabase_firebase(text)
            or _stored(text)
        )
    except ValueError as error:
        raise NotAHash(f"the password hash is refused: {error}") from None


def firebase(
    *, salt: str, password_hash: str, signer_key: str, salt_separator: str, rounds: int, mem_cost: int
) -> Hash:
    """Read a hash of Firebase, with the parameters of its project. Texts are base64 of either alphabet.

    The hash is the signer key, encrypted. It is taken off, so that what is stored needs no key.

    Raises:
        NotAHash: the parameters or the hash have another form, or are beyond the bounds.

    """
    try:
        encrypted, key = _bytes(password_hash), _bytes(signer_key)
        if len(encrypted) != len(key):
            raise NotAHash("the password hash and the signer key have different lengths")
        stream = bytes(one ^ other for one, other in zip(encrypted, key, strict=True))
        kind = foreign_kind("firebase-scrypt", ln=mem_cost, r=rounds)
        return _of_kind(kind, _bytes(salt) + _bytes(salt_separator), stream)
    except ValueError as error:
        raise NotAHash(f"the password hash is refused: {error}") from None


def keycloak(credential: Mapping[str, object], secret: Mapping[str, object]) -> Hash:
    """Read a hash of Keycloak: the members of its `credentialData` and `secretData`.

    Raises:
        NotAHash: the algorithm is not known, or the hash is damaged or beyond the bounds.

    """
    algorithm, iterations = credential.get("algorithm"), credential.get("hashIterations")
    salt, value = secret.get("salt"), secret.get("value")
    if not (isinstance(iterations, int) and isinstance(salt, str) and isinstance(value, str)):
        raise NotAHash("the password hash has no iterations, no salt or no value")
    try:
        if algorithm == "argon2":
            return _keycloak_argon2(credential.get("additionalParameters"), iterations, salt, value)
        if not isinstance(algorithm, str) or algorithm not in PBKDF2:
            raise NotAHash("the algorithm of the password hash is not known")
        digest = _bytes(value)
        return _of_kind(foreign_kind(PBKDF2[algorithm], i=iterations, l=len(digest)), _bytes(salt), digest)
    except ValueError as error:
        raise NotAHash(f"the password hash is refused: {error}") from None


def _keycloak_argon2(parameters: object, iterations: int, salt: str, value: str) -> Hash:
    given = parameters if isinstance(parameters, dict) else {}
    kind, version, memory, lanes = (_first(given.get(name)) for name in ("type", "version", "memory", "parallelism"))
    if (kind, version) != ("id", "1.3"):
        raise NotAHash("only Argon2id of version 1.3 is known")
    salt, value = salt.rstrip("="), value.rstrip("=")
    return _argon2id(f"$argon2id$v=19$m={memory},t={iterations},p={lanes}${salt}${value}") or _refused()


def _first(values: object) -> str:
    """Return the only value of a parameter: Keycloak writes a list for each."""
    return str(values[0]) if isinstance(values, list) and len(values) == 1 else ""


def _argon2id(text: str) -> Hash | None:
    parts = _PROFILE.fullmatch(text)
    if parts is None:
        return None
    checked_profiles(parts[1])
    check_form(text)
    return Hash(text, parts[1])


def _bcrypt(text: str, scheme: str = "bcrypt") -> Hash | None:
    parts = _BCRYPT.fullmatch(text)
    if parts is None:
        return None
    # Some programs set bits after the last one of the salt. bcrypt does not read them, and neither does this.
    salt, digest = (b64decode(part.encode("ascii").translate(FROM_BCRYPT) + b"==") for part in parts.groups()[1:])
    return _of_kind(foreign_kind(scheme, c=int(parts[1])), salt, digest)


def _django_bcrypt_sha256(text: str) -> Hash | None:
    inner = text.removeprefix("bcrypt_sha256$")
    return None if inner == text else _bcrypt(inner, "bcrypt-sha256")


def _django_pbkdf2(text: str) -> Hash | None:
    parts = _DJANGO_PBKDF2.fullmatch(text)
    if parts is None:
        return None
    digest = _bytes(parts[4])
    kind = foreign_kind(DJANGO_PBKDF2[parts[1]], i=int(parts[2]), l=len(digest))
    return _of_kind(kind, parts[3].encode("utf-8"), digest)


def _django_scrypt(text: str) -> Hash | None:
    parts = _DJANGO_SCRYPT.fullmatch(text)
    if parts is None:
        return None
    work, digest = int(parts[1]), _bytes(parts[5])
    log_n = work.bit_length() - 1
    if work != 1 << max(log_n, 0):  # RFC 7914 §2
        raise NotAHash("the work factor of scrypt is no power of two")
    kind = foreign_kind("scrypt", ln=log_n, r=int(parts[3]), p=int(parts[4]), l=len(digest))
    return _of_kind(kind, parts[2].encode("utf-8"), digest)


def _passlib(text: str) -> Hash | None:
    parts = _PASSLIB.fullmatch(text)
    if parts is None:
        return None
    salt, digest = (_bytes(part.replace(".", "+")) for part in parts.groups()[2:])  # passlib writes . for +
    return _of_kind(foreign_kind(PBKDF2[parts[1]], i=int(parts[2]), l=len(digest)), salt, digest)


def _phc_scrypt(text: str) -> Hash | None:
    parts = _PHC_SCRYPT.fullmatch(text)
    if parts is None:
        return None
    log_n, block, lanes = map(int, parts.groups()[:3])
    salt, digest = map(_bytes, parts.groups()[3:])
    return _of_kind(foreign_kind("scrypt", ln=log_n, r=block, p=lanes, l=len(digest)), salt, digest)


def _supabase_firebase(text: str) -> Hash | None:
    parts = _SUPABASE_FIREBASE.fullmatch(text)
    if parts is None:
        return None
    mem_cost, rounds, separator, signer_key, salt, password_hash = parts.groups()
    return firebase(
        salt=salt,
        password_hash=password_hash,
        signer_key=signer_key,
        salt_separator=separator or "",
        rounds=int(rounds),
        mem_cost=int(mem_cost),
    )


def _stored(text: str) -> Hash:
    """Read the form in which edge-auth itself stores the hash of another system. It is the last form that is tried."""
    parts = _STORED.fullmatch(text)
    if parts is None:
        return _refused()
    kind = declared_kind(f"{parts[1]}:{parts[2]}")
    return _of_kind(kind, _bytes(parts[3]), _bytes(parts[4]))


def _of_kind(kind: ForeignKind, salt: bytes, digest: bytes) -> Hash:
    return Hash(kind.stored(salt, digest), kind.declaration)


def _refused() -> NoReturn:
    raise NotAHash("its form is not known")


def _bytes(text: str) -> bytes:
    """Decode base64 of either alphabet, with padding or without."""
    bare = text.rstrip("=").replace("-", "+").replace("_", "/")
    return b64decode(bare + "=" * (-len(bare) % 4), validate=True)

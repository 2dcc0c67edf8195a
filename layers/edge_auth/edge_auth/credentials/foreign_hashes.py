"""Password hashes of other systems: bcrypt, PBKDF2 (RFC 8018 §5.2), scrypt (RFC 7914) and Firebase's form of scrypt.

All have one stored form: `$scheme$parameters$salt$hash`, with salt and hash in base64 without padding, such as
`$pbkdf2-sha256$i=600000,l=32$…$…`. A deployment declares `scheme:parameters`. Scheme and parameters decide how much a
check costs, so what is not declared, or is beyond the bounds below, is never computed.

A deployment that declares none of them does not load this module.
"""

import hmac
from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import NamedTuple

import bcrypt
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAX_BCRYPT_BYTES = 72  # bcrypt reads no more, and the other systems cut a longer password there too
FIREBASE_BYTES = 64  # of a signer key, and so of a hash

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_BCRYPT_ALPHABET = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
TO_BCRYPT = bytes.maketrans(_ALPHABET, _BCRYPT_ALPHABET)
FROM_BCRYPT = bytes.maketrans(_BCRYPT_ALPHABET, _ALPHABET)


class Scheme(NamedTuple):
    """One way to hash.

    `bounds` are the parameters in their order, with the least and the greatest value: beyond them a declaration is a
    mistake, or an attack on the function's time and memory. `hash_bytes` returns the size of a hash. `derive` computes
    a hash from a password, a salt and the values of the parameters.
    """

    bounds: dict[str, tuple[int, int]]
    salt_bytes: tuple[int, int]
    hash_bytes: Callable[[tuple[int, ...]], int]
    derive: Callable[[bytes, bytes, tuple[int, ...]], bytes]


class ForeignKind(NamedTuple):
    """A scheme with its parameters. Every hash of one kind takes the same time."""

    scheme: str
    values: tuple[int, ...]

    @property
    def declaration(self) -> str:
        """The text that declares this kind, such as `bcrypt:c=10`."""
        return f"{self.scheme}:{self._parameters}"

    @property
    def phc_prefix(self) -> str:
        """The beginning of every stored hash of this kind."""
        return f"${self.scheme}${self._parameters}$"

    @property
    def unmatchable(self) -> str:
        """A stored hash of this kind that no known password has."""
        scheme = SCHEMES[self.scheme]
        return self.stored(bytes(max(16, scheme.salt_bytes[0])), bytes(scheme.hash_bytes(self.values)))

    def stored(self, salt: bytes, digest: bytes) -> str:
        """Write a hash of this kind. Raises ValueError: the salt or the hash has a size that the kind does not have."""
        scheme = SCHEMES[self.scheme]
        least, most = scheme.salt_bytes
        if not least <= len(salt) <= most:
            raise ValueError(f"a salt of {len(salt)} bytes")
        if len(digest) != scheme.hash_bytes(self.values):
            raise ValueError(f"a hash of {len(digest)} bytes")
        return f"{self.phc_prefix}{_base64(salt)}${_base64(digest)}"

    def is_kind_of(self, stored_hash: str) -> bool:
        """Whether this is a whole and canonical stored hash of this kind."""
        if not stored_hash.startswith(self.phc_prefix):
            return False
        try:
            return self.stored(*self._parts(stored_hash)) == stored_hash
        except ValueError:
            return False

    def verify(self, password: bytes, stored_hash: str) -> None:
        """Check a password against a stored hash of this kind. Raises InvalidKey: it is another password."""
        salt, digest = self._parts(stored_hash)
        if not hmac.compare_digest(SCHEMES[self.scheme].derive(password, salt, self.values), digest):
            raise InvalidKey("keys do not match")

    @property
    def _parameters(self) -> str:
        return ",".join(f"{name}={value}" for name, value in zip(SCHEMES[self.scheme].bounds, self.values, strict=True))

    def _parts(self, stored_hash: str) -> tuple[bytes, bytes]:
        """Return salt and hash. Raises ValueError: these are not two texts of base64."""
        salt, digest = stored_hash.removeprefix(self.phc_prefix).split("$")
        return _bytes(salt), _bytes(digest)


def foreign_kind(scheme: str, /, **parameters: int) -> ForeignKind:
    """Return a kind. Raises ValueError: there is no such kind, or it is beyond the bounds."""
    known = SCHEMES.get(scheme)
    if known is None or [*parameters] != [*known.bounds]:
        raise ValueError(f"not a kind of password hashes: {scheme} with {', '.join(parameters)}")
    for name, (least, most) in known.bounds.items():
        if not least <= parameters[name] <= most:
            raise ValueError(f"beyond the bounds of a password check: {scheme} with {name}={parameters[name]}")
    return ForeignKind(scheme, tuple(parameters.values()))


def declared_kind(text: str) -> ForeignKind:
    """Return the kind that a text such as `bcrypt:c=10` declares. Raises ValueError: it declares none."""
    scheme, _, parameters = text.partition(":")
    named = [one.partition("=") for one in parameters.split(",")]
    try:
        kind = foreign_kind(scheme, **{name: int(value) for name, _, value in named})
    except ValueError as error:
        raise ValueError(f"not a kind of password hashes within the bounds: {text} ({error})") from None
    if kind.declaration != text:  # for example two of one parameter, or a number with other digits
        raise ValueError(f"not the one spelling of a kind of password hashes: {text}")
    return kind


def _bcrypt(password: bytes, salt: bytes, values: tuple[int, ...]) -> bytes:
    """Hash with bcrypt. Its names $2a$, $2b$ and $2y$ differ in mistakes of old programs only; all mean this hash."""
    (cost,) = values
    text = b64encode(salt).rstrip(b"=").translate(TO_BCRYPT)
    hashed = bcrypt.hashpw(password[:MAX_BCRYPT_BYTES], b"$2b$%02d$%b" % (cost, text))
    return b64decode(hashed[-31:].translate(FROM_BCRYPT) + b"=")


def _bcrypt_sha256(password: bytes, salt: bytes, values: tuple[int, ...]) -> bytes:
    """Hash as Django's `BCryptSHA256PasswordHasher` does: bcrypt of the SHA-256 in hexadecimal digits."""
    sha256 = hashes.Hash(hashes.SHA256())
    sha256.update(password)
    return _bcrypt(sha256.finalize().hex().encode("ascii"), salt, values)


def _pbkdf2_with(algorithm: Callable[[], hashes.HashAlgorithm]) -> Scheme:
    def derive(password: bytes, salt: bytes, values: tuple[int, ...]) -> bytes:
        iterations, length = values
        return PBKDF2HMAC(algorithm(), length=length, salt=salt, iterations=iterations).derive(password)

    # RFC 8018 §4.2: at least 1,000 iterations. A longer result costs more: one block of the hash after the other.
    return Scheme({"i": (1000, 1_999_999), "l": (16, 64)}, (8, 64), lambda values: values[1], derive)


def _scrypt(password: bytes, salt: bytes, values: tuple[int, ...]) -> bytes:
    log_n, block, lanes, length = values
    return Scrypt(salt=salt, length=length, n=1 << log_n, r=block, p=lanes).derive(password)


def _firebase(password: bytes, salt: bytes, values: tuple[int, ...]) -> bytes:
    """Compute the key stream with which Firebase encrypts the project's signer key (AES-256 in counter mode).

    Firebase stores the encrypted signer key. An import takes the signer key off, so no function needs to know it.
    """
    key = _scrypt(password, salt, (*values, 1, 32))
    stream = Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor()
    return stream.update(bytes(FIREBASE_BYTES))


_BCRYPT = Scheme({"c": (4, 14)}, (16, 16), lambda _values: 23, _bcrypt)
# 128 · r · 2^ln bytes: 128 MiB at most, which the memory of Argon2id has as its bound too (`profiles.MAX_MEMORY_KIB`).
_MEMORY = {"ln": (10, 17), "r": (1, 8)}

SCHEMES = {
    "bcrypt": _BCRYPT,
    "bcrypt-sha256": _BCRYPT._replace(derive=_bcrypt_sha256),
    "pbkdf2-sha1": _pbkdf2_with(hashes.SHA1),
    "pbkdf2-sha256": _pbkdf2_with(hashes.SHA256),
    "pbkdf2-sha512": _pbkdf2_with(hashes.SHA512),
    "scrypt": Scheme({**_MEMORY, "p": (1, 5), "l": (16, 64)}, (8, 64), lambda values: values[3], _scrypt),
    "firebase-scrypt": Scheme(_MEMORY, (8, 64), lambda _values: FIREBASE_BYTES, _firebase),
}


def _base64(data: bytes) -> str:
    return b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)

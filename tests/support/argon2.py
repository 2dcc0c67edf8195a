"""Argon2id for tests that log in many times with the same passwords."""

from base64 import b64decode, b64encode
from hashlib import shake_256
from typing import Any

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

# The library's error message for a password and a PHC string, or None if they match.
_known: dict[tuple[bytes, str], str | None] = {}


class RememberedArgon2id:
    """Argon2id with its real parameters. It does not check the same password and hash twice in one process."""

    def __init__(self, **profile: Any) -> None:  # noqa: ANN401 - the arguments of Argon2id
        """Use this profile to hash."""
        self._argon2id = Argon2id(**profile)

    def derive_phc_encoded(self, key_material: bytes) -> str:
        """Hash a password. Every hash has its own salt."""
        phc_encoded = self._argon2id.derive_phc_encoded(key_material)
        _known[key_material, phc_encoded] = None
        return phc_encoded

    @staticmethod
    def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
        """Check a password. Raises InvalidKey, as the library does."""
        if (key_material, phc_encoded) not in _known:
            _known[key_material, phc_encoded] = _complaint(key_material, phc_encoded)
        if (complaint := _known[key_material, phc_encoded]) is not None:
            raise InvalidKey(complaint)


def _complaint(key_material: bytes, phc_encoded: str) -> str | None:
    try:
        Argon2id.verify_phc_encoded(key_material, phc_encoded)
    except InvalidKey as error:
        return str(error)
    return None


class QuickArgon2id:
    """Stands where Argon2id does, and takes microseconds: for a machine of many thousand steps. It protects nothing."""

    def __init__(self, *, salt: bytes, length: int, iterations: int, lanes: int, memory_cost: int) -> None:
        """Use this profile, which stands in the hash as Argon2id writes it."""
        self._head = f"$argon2id$v=19$m={memory_cost},t={iterations},p={lanes}"
        self._salt, self._length = salt, length

    def derive_phc_encoded(self, key_material: bytes) -> str:
        """Hash a password."""
        return f"{self._head}${_unpadded(self._salt)}${_unpadded(_digest(key_material, self._salt, self._length))}"

    @staticmethod
    def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
        """Check a password. Raises InvalidKey, as the library does."""
        salt, kept = (b64decode(part + "==") for part in phc_encoded.split("$")[-2:])
        if _digest(key_material, salt, len(kept)) != kept:
            raise InvalidKey("no match")


def _digest(key_material: bytes, salt: bytes, length: int) -> bytes:
    return shake_256(salt + key_material).digest(length)


def _unpadded(value: bytes) -> str:
    return b64encode(value).decode().rstrip("=")

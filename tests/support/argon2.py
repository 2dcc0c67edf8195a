"""Argon2id for tests that log in many times with the same passwords."""

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

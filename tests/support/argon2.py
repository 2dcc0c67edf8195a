"""Argon2id for tests that log in again and again with the same passwords."""

from typing import Any

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

# Of a password and a PHC string: the library's complaint, or None where they match.
_known: dict[tuple[bytes, str], str | None] = {}


class RememberedArgon2id:
    """Argon2id with its real parameters: what was computed in this process is not computed again."""

    def __init__(self, **profile: Any) -> None:  # noqa: ANN401 - as Argon2id is called
        """Take a profile to hash under."""
        self._argon2id = Argon2id(**profile)

    def derive_phc_encoded(self, key_material: bytes) -> str:
        """Hash; every hash has a salt of its own."""
        phc_encoded = self._argon2id.derive_phc_encoded(key_material)
        _known[key_material, phc_encoded] = None
        return phc_encoded

    @staticmethod
    def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
        """Raise InvalidKey, or not, as the library does."""
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

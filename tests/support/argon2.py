"""Argon2id for tests that log in again and again with the same passwords."""

from functools import cache
from typing import Any

from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id


class RememberedArgon2id:
    """Argon2id with its real parameters: what was checked once in this process is not computed again."""

    def __new__(cls, **profile: Any) -> Argon2id:  # type: ignore[misc]  # noqa: ANN401 - as Argon2id is called
        """Hash as ever: every hash has a salt of its own."""
        return Argon2id(**profile)

    @staticmethod
    def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
        """Raise InvalidKey, or not, as the first time."""
        complaint = _complaint(bytes(key_material), phc_encoded)
        if complaint is not None:
            raise InvalidKey(complaint)


@cache
def _complaint(key_material: bytes, phc_encoded: str) -> str | None:
    try:
        Argon2id.verify_phc_encoded(key_material, phc_encoded)
    except InvalidKey as error:
        return str(error)
    return None

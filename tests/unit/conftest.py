"""Fixtures of the unit tests."""

from functools import cache

import pytest
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from hypothesis import settings

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.credentials import passwords
from edge_auth.credentials.passwords import hash_password, password_bytes
from tests.support.access_tokens import NOW
from tests.support.deployment import PASSWORD, USERNAME, Deployment

# A busy machine is no fault: no test is timed.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


@cache
def _password_hash() -> str:
    return hash_password(password_bytes(PASSWORD), entropy=lambda size: b"s" * size)


@pytest.fixture
def deployment() -> Deployment:
    """Return a deployment with one user, alice."""
    deployed = Deployment()
    deployed.store.identities[USERNAME] = Identity(
        user_id="QWxpY2UncyB1c2VyIGlkIA",
        username=USERNAME,
        password_hash=_password_hash(),
        status=ACTIVE,
        epoch=0,
        created_at_seconds=NOW - 1000,
        scope="orders:read",
        roles=("admin",),
    )
    return deployed


@pytest.fixture
def argon2_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of PHC strings that Argon2 was run for; a check that was refused unread is not in it.

    Counts computations and not time: a run that ends in "keys do not match" or in success computed the hash.
    """
    runs: list[str] = []

    class Watched:
        """Argon2id, watched."""

        @staticmethod
        def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
            """Verify, and note the run if there was one."""
            try:
                Argon2id.verify_phc_encoded(key_material, phc_encoded)
            except InvalidKey as error:
                if "do not match" in str(error):
                    runs.append(phc_encoded)
                raise
            runs.append(phc_encoded)

    monkeypatch.setattr(passwords, "Argon2id", Watched)
    return runs

"""Fixtures of the unit tests."""

import pytest
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from edge_auth.credentials import passwords
from tests.support.deployment import Deployment, deployment_of_alice


@pytest.fixture
def deployment() -> Deployment:
    """Return a deployment with one user, alice."""
    return deployment_of_alice()


@pytest.fixture
def argon2_runs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the list of PHC strings for which Argon2 ran. A hash that was refused unread is not in it.

    The list counts computations and not time. A run that succeeds, or ends in "keys do not match", computed the hash.
    """
    runs: list[str] = []

    class Watched:
        """Argon2id with a record of its runs."""

        @staticmethod
        def verify_phc_encoded(key_material: bytes, phc_encoded: str) -> None:
            """Verify, and record the run if a hash was computed."""
            try:
                Argon2id.verify_phc_encoded(key_material, phc_encoded)
            except InvalidKey as error:
                if "do not match" in str(error):
                    runs.append(phc_encoded)
                raise
            runs.append(phc_encoded)

    monkeypatch.setattr(passwords, "Argon2id", Watched)
    return runs

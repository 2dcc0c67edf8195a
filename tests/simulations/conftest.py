"""Fixtures of the simulations."""

import pytest

from tests.support.argon2 import RememberedArgon2id
from tests.support.deployment import Deployment, deployment_of_alice


@pytest.fixture(autouse=True)
def _remembered_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each check of a password once in this process."""
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)


@pytest.fixture
def deployment() -> Deployment:
    """Return a deployment with one user, alice."""
    return deployment_of_alice()

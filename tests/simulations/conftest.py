"""Fixtures of the simulations."""

import pytest

from tests.support.argon2 import RememberedArgon2id
from tests.support.deployment import Deployment, deployment_of_alice
from tests.support.threads import ThreadAtOnce


@pytest.fixture(autouse=True)
def _remembered_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each check of a password once in this process."""
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one of two calls that run side by side come first. The simulations ask what is let in, and not how fast."""
    monkeypatch.setattr("edge_auth.flows.side_by_side.Thread", ThreadAtOnce)


@pytest.fixture
def deployment() -> Deployment:
    """Return a deployment with one user, alice."""
    return deployment_of_alice()

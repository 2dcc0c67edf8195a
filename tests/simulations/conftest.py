"""Fixtures of the simulations."""

from collections.abc import Callable

import pytest

from tests.support.argon2 import RememberedArgon2id
from tests.support.deployment import Deployment, deployment_of_alice


@pytest.fixture(autouse=True)
def _remembered_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each check of a password once in this process."""
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)


class ThreadAtOnce:
    """A stand-in for a thread, which does its work when it is started: thousands of real ones take most of the time."""

    def __init__(self, target: Callable[[], None]) -> None:
        """Keep the work."""
        self.start = target

    def join(self) -> None:
        """Return: the work is done."""


@pytest.fixture(autouse=True)
def _no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let one of two calls that run side by side come first. The simulations ask what is let in, and not how fast."""
    monkeypatch.setattr("edge_auth.flows.side_by_side.Thread", ThreadAtOnce)


@pytest.fixture
def deployment() -> Deployment:
    """Return a deployment with one user, alice."""
    return deployment_of_alice()

"""Fixtures of the simulations."""

import pytest

from tests.support.deployment import Deployment, deployment_of_alice


@pytest.fixture
def deployment() -> Deployment:
    """Return a deployment with one user, alice."""
    return deployment_of_alice()

"""A deployment in moto, for tests that count requests. The counts are the same on every engine."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from benchmarks.requests.deployment import Deployment, deployed


@pytest.fixture
def deployment() -> Iterator[Deployment]:
    """Return a deployment of the template's tables."""
    with mock_aws(), deployed(None) as deployment:
        yield deployment

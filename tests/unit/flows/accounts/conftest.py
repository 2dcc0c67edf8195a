"""What the tests of accounts begin with."""

import pytest

from tests.support.mail import MailDeployment


@pytest.fixture
def mail() -> MailDeployment:
    """Return a deployment with mail."""
    return MailDeployment()

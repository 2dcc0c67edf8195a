"""Fixtures of the tests of use cases."""

import pytest

from tests.support.argon2 import RememberedArgon2id


@pytest.fixture(autouse=True)
def _remembered_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each check of a password once in this process. With `argon2_runs` a test computes every check."""
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)

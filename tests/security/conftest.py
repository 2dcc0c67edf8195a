"""Fixtures of the security tests."""

from collections.abc import Iterator

import pytest

from tests.support.authorizer import Handler, load


@pytest.fixture(scope="module")
def warm() -> Iterator[Handler]:
    """Yield one authorizer for all tests of a module, like a warm sandbox that serves many requests."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield load(monkeypatch)

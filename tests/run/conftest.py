"""One `make run` for the whole run, as a process of its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local.api import Api
from tests.run.serving import Serving, started

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browsers")


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    """Yield a `make run` that serves. The last test of `test_run_command.py` ends it."""
    with started(tmp_path_factory.mktemp("run")) as serving:
        serving.read_until("In a browser")
        url, user, password, _ = serving.environment()
        # On a busy machine the first call of a function takes longer than the client for browsers waits.
        with closing(Api(url)) as first:
            tokens = first.login(user, password).body
            first.refresh(tokens["refresh_token"])
            first.me(tokens["access_token"])
        yield serving

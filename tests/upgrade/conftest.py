"""One local stack for these tests, deployed from the commit before, and what happens to it, step by step."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.settings import ROOT, Settings
from tests.upgrade.journey import Journey, begun, build
from tests.upgrade.release_before import NoHistory, check_out, commit_before

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests, and skip them in a clone without history."""
    try:
        commit_before()
    except NoHistory as error:
        marks = [pytest.mark.upgrade, pytest.mark.skip(reason=str(error))]
    else:
        marks = [pytest.mark.upgrade]
    for item in items:
        if HERE in item.path.parents:
            for mark in marks:
                item.add_marker(mark)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Return the settings of a stack on a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # The logins while a stack is updated are of one user, and must not end the sessions before them.
    return Settings(port=port, home=ROOT / ".local" / "upgrade", parameters={"MaxSessionsPerUser": "1000"})


@pytest.fixture(scope="session")
def journey(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """Yield a stack of the commit before."""
    checkout = tmp_path_factory.mktemp("before")
    check_out(commit_before(), checkout)
    template = build(checkout, settings, "before")
    with begun(settings, checkout, template, tmp_path_factory.mktemp("state")) as started:
        yield started


@pytest.fixture(scope="session")
def built(settings: Settings) -> Path:
    """Return the built template of this checkout."""
    return build(ROOT, settings, "now")

"""One `make run` for the whole run, as a process of its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from local.api import Api
from local.settings import ROOT
from tests.run.serving import WANTS_SCREENSHOTS, Serving, started
from tests.support.tools import chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser

HERE = Path(__file__).parent
CHROMIUM = chromium()
PATIENCE_SECONDS = 60


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
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        for route in ("step-up", "passkeys/sign-in", "factors/totp/confirm", "passkeys"):
            requests.post(f"{url}/auth/{route}", json={}, headers=headers, timeout=PATIENCE_SECONDS)
        yield serving


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """Yield Chromium, for one file: Playwright cannot be started twice in a process (tests/browsers does, too)."""
    if CHROMIUM is None:
        pytest.skip("needs Chromium")
    playwright = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    with playwright.sync_playwright() as started_playwright:
        # Root cannot have the sandbox.
        browser = started_playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def figures(tmp_path: Path) -> Path:
    """Return the folder of the screenshots: that of the documents, if the developer wants new ones."""
    return ROOT / "docs" / "figures" if WANTS_SCREENSHOTS else tmp_path

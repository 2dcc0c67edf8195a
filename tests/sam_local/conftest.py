"""`make sam-local`, started once for the session, where there is a container engine."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.api import Api
from local.sam_local import engine
from local.sam_local.settings import SamLocalSettings
from local.sam_local.stack import LAYER_ARN
from local.settings import ROOT, Settings
from tests.sam_local.served import USER, Served, free_port, start
from tests.support.sample_events import sample

HERE = Path(__file__).parent
HOME = ROOT / ".local" / "sam-local-tests"
PARAMETERS = {
    # Every function is there, as for every sample event.
    "SelfRegistration": "true",
    "RevocationFeed": "true",
    "MailFrom": "login@mail.example.com",
    "MailIdentity": "mail.example.com",
    "PagesUrl": "https://app.example.com/account",
    "AllowedOrigins": sample("preflight")["headers"]["Origin"],
    "SecondFactor": "optional",
    "PasskeyRpId": "example.com",
    # A first call starts a container, and the window must still be open after it.
    "RotationGraceSeconds": "60",
    "RevocationSeconds": "60",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("sam_local")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once why these tests were skipped."""
    skipped = terminalreporter.stats.get("skipped", [])
    for reason in {report.longrepr[2] for report in skipped if report.nodeid.startswith("tests/sam_local/")}:
        terminalreporter.write_line(reason)


@pytest.fixture(scope="session")
def served() -> Iterator[Served]:
    """Yield what a developer has while the command runs. The user has the password of the sample event."""
    port, api_port = free_port(), free_port()
    stack = Settings(port=port, home=HOME, parameters=PARAMETERS)
    chosen = SamLocalSettings(stack, api_port, HOME / "functions")
    HOME.mkdir(parents=True, exist_ok=True)
    try:
        found = engine.find(LAYER_ARN.format(api_port), stack, os.environ)
    except engine.NoEngine as missing:
        pytest.skip(str(missing))
    shutil.copytree(ROOT / "functions", chosen.code, dirs_exist_ok=True)
    with start(chosen) as process:
        try:
            served = Served(chosen, found, process)
            served.operator("users", "set-password", USER["username"], password=USER["password"])
            yield served
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.communicate()


@pytest.fixture
def api(served: Served) -> Iterator[Api]:
    """Yield a client of the API."""
    with served.api as api:
        yield api

"""The start of MiniStack."""

import os
import socket
import sys
from pathlib import Path

import pytest

from local import ministack
from local.failure import Failure
from local.process import Process
from local.settings import Settings


@pytest.fixture
def port() -> int:
    """Return a port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.mark.parametrize("address", ["127.0.0.1", ""], ids=["loopback", "all interfaces"])
def test_a_busy_port_is_named_together_with_its_setting(address: str) -> None:
    """The message names the port and the setting for another one."""
    with socket.create_server((address, 0)) as listener:
        port = listener.getsockname()[1]

        with pytest.raises(Failure, match=f"port {port} is busy.*EDGE_AUTH_PORT"):
            ministack.require_free_port(port)


def test_a_free_port_is_no_failure(port: int) -> None:
    """A port without a listener raises nothing."""
    ministack.require_free_port(port)


def test_its_environment_listens_on_this_machine_alone_and_enforces_iam(tmp_path: Path) -> None:
    """It listens only on 127.0.0.1, writes below the given folder, and inherits no setting of the developer's."""
    inherited = {"PATH": os.defpath, "HOME": "/home/dev", "AWS_PROFILE": "production", "GITHUB_TOKEN": "real"}

    environment = ministack.environment(Settings(port=5001), tmp_path, inherited)

    assert (environment["BIND_HOST"], environment["GATEWAY_PORT"]) == ("127.0.0.1", "5001")
    assert (environment["IOT_MTLS_ENABLED"], environment["SFTP_ENABLED"]) == ("0", "0")
    assert environment["AUTH"] == "true"
    for name in ("HOME", "TMPDIR", "STATE_DIR", "S3_DATA_DIR"):
        assert Path(environment[name]).parent == tmp_path
    assert {"AWS_PROFILE", "GITHUB_TOKEN"} & environment.keys() == set()


def test_a_server_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path, port: int) -> None:
    """The message has the end of the server's log."""
    command = [sys.executable, "-c", "raise SystemExit('no such luck')"]
    with (
        Process(command, env=os.environ, log=tmp_path / "log", cwd=tmp_path) as process,
        pytest.raises(Failure, match="no such luck"),
    ):
        ministack.wait_until_healthy(process, Settings(port=port))


def test_a_server_that_never_answers_is_given_up(tmp_path: Path, port: int) -> None:
    """The message names the port and the log."""
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with (
        Process(command, env=os.environ, log=tmp_path / "log", cwd=tmp_path) as process,
        pytest.raises(Failure, match=f"port {port} within 0 s; see .*log"),
    ):
        ministack.wait_until_healthy(process, Settings(port=port), within=0)

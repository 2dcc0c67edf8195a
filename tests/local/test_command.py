"""`python -m local`, run as make runs it."""

import os
import socket
import subprocess
import sys

import pytest

from local.settings import ROOT


def run(*arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the command with these settings in its environment."""
    path = {"PYTHONPATH": str(ROOT / "layers" / "edge_auth")}
    return subprocess.run(
        [sys.executable, "-m", "local", *arguments],
        env=dict(os.environ) | path | settings,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["demo", "run"])
def test_a_busy_port_is_one_line_and_a_failure(command: str) -> None:
    """The command prints one line that names the busy port, and ends with status 1."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        outcome = run(command, EDGE_AUTH_PORT=str(port))

    assert outcome.returncode == 1
    assert outcome.stdout == ""
    assert outcome.stderr.startswith(f"error: port {port} is busy")
    assert outcome.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [(), ("walk",), ("demo", "run")])
def test_an_unknown_command_is_refused_with_the_usage(arguments: tuple[str, ...]) -> None:
    """The command prints its usage and ends with status 2."""
    outcome = run(*arguments)

    assert outcome.returncode == 2
    assert "demo|run" in outcome.stderr

"""`make run` writes a file while it serves, and leaves nothing behind at its end."""

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from local.settings import ROOT
from tests.e2e.client import Client

# The command that make runs, but with this test's own port and folder.
COMMAND = """
import sys
from pathlib import Path
from local import __main__ as command, settings
chosen = settings.Settings(port=int(sys.argv[1]), home=Path(sys.argv[2]))
settings.from_environment = lambda _environment: chosen
sys.exit(command.main(["run"]))
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@pytest.fixture
def port() -> int:
    """Return a port without a listener."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
    return number


@pytest.fixture
def running(port: int, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Start the command, and yield its process."""
    path = f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(port), str(tmp_path)],
        env=dict(os.environ) | {"PYTHONPATH": path},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield process
        process.terminate()


def test_while_it_serves_a_file_says_where_and_afterwards_nothing_is_left(
    running: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    """A shell that sources `.local/env` can log in, and after SIGTERM the status is 0 and nothing is left."""
    read_until(running, "Serving at")
    env_file = tmp_path / "env"
    assert stat.S_IMODE(env_file.stat().st_mode) == 0o600
    script = f'. "{env_file}"; printf "%s\\n" "$EDGE_AUTH_URL" "$EDGE_AUTH_USER" "$EDGE_AUTH_PASSWORD"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    url, user, password = shell.stdout.splitlines()
    with closing(Client(url)) as client:
        assert client.open_session(user, password).session_id
    assert descendants(tmp_path)

    running.send_signal(signal.SIGTERM)

    assert running.wait() == 0
    assert_nothing_is_left(tmp_path, port)


def test_interrupted_while_it_builds_it_leaves_nothing_either(
    running: subprocess.Popen[str], port: int, tmp_path: Path
) -> None:
    """After Ctrl-C during the start the status is 130, and no process, socket or folder is left."""
    read_until(running, "boot MiniStack")
    assert descendants(tmp_path)

    running.send_signal(signal.SIGINT)

    assert running.wait() == 130
    assert_nothing_is_left(tmp_path, port)


def read_until(process: subprocess.Popen[str], text: str) -> None:
    """Read the command's output up to the first line with this text."""
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return
    pytest.fail("".join(lines))


def assert_nothing_is_left(home: Path, port: int) -> None:
    """Check that no process, socket, state of the stack or file with the password is left."""
    assert descendants(home) == []
    assert {path.name for path in home.iterdir() if path.name.startswith(("env", "run-"))} == set()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def descendants(home: Path) -> list[str]:
    """Return the command lines of the processes with a path of this stack in their environment."""
    return [
        _read(process / "cmdline").replace("\0", " ")
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(home) in _read(process / "environ")
    ]


def _read(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:  # the process has ended, or belongs to another user
        return ""

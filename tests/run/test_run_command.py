"""`make run` writes a file while it serves, and leaves nothing behind at its end."""

import signal
import socket
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
import requests

from local.api import Api
from tests.run.serving import Serving, started

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def test_interrupted_while_it_builds_it_leaves_nothing(tmp_path: Path) -> None:
    """After Ctrl-C during the start the status is 130, and no process, socket or folder is left."""
    with started(tmp_path) as starting:
        starting.read_until("boot MiniStack")
        assert descendants(tmp_path)

        starting.process.send_signal(signal.SIGINT)

        assert starting.process.wait() == 130
        assert_nothing_is_left(tmp_path, starting.port)


def test_while_it_serves_a_file_says_where_and_afterwards_nothing_is_left(serving: Serving) -> None:
    """A shell that sources `.local/env` can log in and get the page, and after SIGTERM the status is 0."""
    assert stat.S_IMODE((serving.home / "env").stat().st_mode) == 0o600
    url, user, password, origin = serving.environment()
    with closing(Api(url)) as api:
        assert api.login(user, password).status == 200
    assert "Try edge-auth" in requests.get(origin, timeout=10).text
    assert descendants(serving.home)

    serving.process.send_signal(signal.SIGTERM)

    assert serving.process.wait() == 0
    assert_nothing_is_left(serving.home, serving.port)
    assert_nothing_is_left(serving.home, int(origin.rpartition(":")[2]))


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

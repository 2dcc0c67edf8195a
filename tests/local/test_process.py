"""Child processes end with the block that started them."""

import os
import sys
from pathlib import Path

import pytest

from local import process
from local.process import Process

STUBBORN_PARENT = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""


def start(script: str, folder: Path, polite_seconds: float = process.POLITE_SECONDS) -> Process:
    """Start a Python script, with its output in the file `log`."""
    command = [sys.executable, "-c", script]
    return Process(command, env=os.environ, log=folder / "log", cwd=folder, polite_seconds=polite_seconds)


def alive(pid: int) -> bool:
    """Return whether the process runs; a zombie does not."""
    stat = Path("/proc", str(pid), "stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_leaving_the_block_ends_the_command_and_its_children(tmp_path: Path) -> None:
    """A command that ignores SIGTERM ends, and so does its child process."""
    log = tmp_path / "log"

    with start(STUBBORN_PARENT, tmp_path, polite_seconds=0.1) as parent:
        while not log.read_text().endswith("\n"):
            assert parent.running
        child = int(log.read_text())
        assert alive(child)

    assert not alive(parent.pid)
    assert not alive(child)


def test_an_error_in_the_block_ends_the_command_too(tmp_path: Path) -> None:
    """The command ends when Ctrl-C interrupts the block."""

    def fail() -> None:
        with start("import time; time.sleep(600)", tmp_path) as started:
            processes.append(started)
            raise KeyboardInterrupt

    processes: list[Process] = []
    with pytest.raises(KeyboardInterrupt):
        fail()

    assert not processes[0].running


def test_the_tail_is_the_end_of_the_log(tmp_path: Path) -> None:
    """The tail is the last lines of the log, indented, for an error message."""
    with start("for n in range(100): print('line', n)", tmp_path) as finished:
        assert finished.wait() == 0

        tail = finished.tail().splitlines()

    assert tail[-1] == "    line 99"
    assert len(tail) == process.TAIL_LINES

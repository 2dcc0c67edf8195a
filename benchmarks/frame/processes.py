"""Child processes: commands that end, and servers on this machine's loopback."""

import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from benchmarks.frame.results import ROOT
from local.process import Process

ENDS_WITHIN_SECONDS = 600
SERVES_WITHIN_SECONDS = 60.0


class MissingTool(Exception):
    """This machine lacks a tool that a benchmark needs. The message names the tool. The benchmark is left out."""


def output_of(
    command: Sequence[str | Path], *, text: str = "", cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> tuple[str, str]:
    """Run a command on this input. Return what it wrote to standard output and to standard error.

    Raises RuntimeError: the command failed; the message is the end of its output.
    """
    outcome = subprocess.run(
        command, input=text, cwd=cwd, env=env, capture_output=True, text=True, timeout=ENDS_WITHIN_SECONDS, check=False
    )
    if outcome.returncode != 0:
        raise RuntimeError(f"{command[0]} failed:\n{(outcome.stdout + outcome.stderr)[-2000:]}")
    return outcome.stdout, outcome.stderr


def free_ports(count: int) -> list[int]:
    """Return `count` different ports on which nothing listens."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [probe.getsockname()[1] for probe in sockets]


@contextmanager
def serving(
    command: Sequence[str | Path], port: int, *, env: Mapping[str, str], log: Path, cwd: Path
) -> Iterator[Process]:
    """Run a server, and end it and its children afterwards. It listens on the port, which is in its command.

    Raises RuntimeError: it has ended, or is too slow.
    """
    deadline = time.monotonic() + SERVES_WITHIN_SECONDS
    with Process(command, env=env, log=log, cwd=cwd) as process:
        while process.running and time.monotonic() < deadline:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=SERVES_WITHIN_SECONDS):
                break
            time.sleep(0.002)
        else:
            raise RuntimeError(f"nothing listens on port {port}:\n{process.tail()}")
        yield process

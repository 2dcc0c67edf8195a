"""`make run`, as a process of its own with its own port and folder."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.__main__ import RUN_PARAMETERS
from local.settings import ROOT

# The command that make runs.
COMMAND = """
import sys
from pathlib import Path
from local import __main__ as command, settings
port, home, grace = sys.argv[1:]
chosen = settings.Settings(port=int(port), home=Path(home), parameters={"RotationGraceSeconds": grace})
settings.from_environment = lambda _environment: chosen
sys.exit(command.main(["run"]))
"""
# The variable asks for new pictures of the try-it page for the documents. They show the grace window of `make run`.
WANTS_SCREENSHOTS = bool(os.environ.get("EDGE_AUTH_SCREENSHOTS"))
# Otherwise it is short, because the thief of the page waits for its end.
GRACE_SECONDS = RUN_PARAMETERS["RotationGraceSeconds"] if WANTS_SCREENSHOTS else "1"
NAMES = ("EDGE_AUTH_URL", "EDGE_AUTH_USER", "EDGE_AUTH_PASSWORD", "EDGE_AUTH_ORIGIN")


@dataclass(frozen=True)
class Serving:
    """A running `make run`, its port, and the folder with its files."""

    process: subprocess.Popen[str]
    port: int
    home: Path

    def read_until(self, text: str) -> str:
        """Read the output up to the first line with this text, and return all of it.

        Raises:
            AssertionError: there is no such line.

        """
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if text in line:
                return "".join(lines)
        raise AssertionError("".join(lines))

    def environment(self) -> list[str]:
        """Return the values of NAMES, as a shell gets them that sources the file."""
        values = " ".join(f'"${name}"' for name in NAMES)
        script = f'. "{self.home}/env"; printf "%s\\n" {values}'
        shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
        return shell.stdout.splitlines()


@contextmanager
def started(home: Path) -> Iterator[Serving]:
    """Start the command on a free port, and end it if it has not ended."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    path = f"{ROOT}:{ROOT / 'layers' / 'edge_auth'}"
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(port), str(home), GRACE_SECONDS],
        env=dict(os.environ) | {"PYTHONPATH": path},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield Serving(process, port, home)
        process.terminate()

"""Child processes that leave nothing behind."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

# The time that a command has to end after SIGTERM, and the time that the system has to end it after SIGKILL.
POLITE_SECONDS = 5.0
CERTAIN_SECONDS = 5.0
TAIL_LINES = 12


class Process:
    """A command that runs in its own session and writes to a log. Leaving the `with` block ends it and its children."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        env: Mapping[str, str],
        log: Path,
        cwd: Path,
        polite_seconds: float = POLITE_SECONDS,
    ) -> None:
        self.log = log
        self._polite_seconds = polite_seconds
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            # In its own session, so that Ctrl-C reaches only this program, which ends its children in order.
            self._child = subprocess.Popen(
                [str(part) for part in command],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """Process id of the command, and of its process group."""
        return self._child.pid

    @property
    def running(self) -> bool:
        """Whether the command still runs."""
        return self._child.poll() is None

    def wait(self) -> int:
        """Wait until the command ends, and return its exit status."""
        return self._child.wait()

    def tail(self) -> str:
        """Return the last lines of the log, indented."""
        lines = self.log.read_text(errors="replace").rstrip().splitlines()
        return "\n".join(f"    {line}" for line in lines[-TAIL_LINES:])

    def stop(self) -> None:
        """End the command and its children: with SIGTERM, then with SIGKILL."""
        self._signal_group(signal.SIGTERM)
        try:
            self._wait_for_group(self._polite_seconds)
        finally:
            self._signal_group(signal.SIGKILL)
            self._child.wait()
            self._wait_for_group(CERTAIN_SECONDS)

    def _wait_for_group(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while self._group_lives() and time.monotonic() < deadline:
            time.sleep(0.02)

    def _group_lives(self) -> bool:
        self._child.poll()
        try:
            os.killpg(self._child.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def _signal_group(self, number: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._child.pid, number)

    def __enter__(self) -> Self:
        """Return the process, which already runs."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the command and its children."""
        self.stop()

"""Prints for the operator. A line that cannot be written stops no act: `close` says at the end that it is lost."""

import io
import os
import sys
from contextlib import suppress


class Output:
    """Standard output for results, and standard error for all else."""

    def __init__(self) -> None:
        """Let no character be an error: a terminal of another encoding shows its escape."""
        self._lost = "" if sys.stdout else "it is closed"
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

    def say(self, line: str = "") -> None:
        """Print a line of the result, at once: a full disk is noticed before the command ends."""
        if self._lost:
            return
        try:
            print(line, flush=True)
        except OSError as error:
            self._lost = error.strerror or str(error)
            _discard_the_rest()

    def tell(self, line: str = "") -> None:
        """Print a line on standard error. If that is lost too, there is no place left to say so."""
        if sys.stderr:
            with suppress(OSError):
                print(line, file=sys.stderr, flush=True)

    def draw(self, line: str) -> None:
        """Print a line on standard error in the place of the one before, if that was drawn too: a bar, for example."""
        if sys.stderr:
            with suppress(OSError):
                print(f"\r{line}\x1b[K", end="", file=sys.stderr, flush=True)  # erases what is left of a longer line

    def close(self, status: int) -> int:
        """Return the exit status: the given one, or 1 if lines of the result are lost."""
        if not self._lost:
            try:
                sys.stdout.flush()  # what argparse has printed
            except OSError as error:
                self._lost = error.strerror or str(error)
                _discard_the_rest()
        if not self._lost:
            return status
        end = "; the command itself was done" if status == 0 else ""
        self.tell(f"edge-auth: standard output could not be written ({self._lost}){end}")
        return status or 1


def _discard_the_rest() -> None:
    """Send what is still buffered nowhere, so that Python does not fail once more when it ends."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

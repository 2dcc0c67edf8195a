"""Prints what the developer reads while the local stack starts."""

import sys
import time


class Progress:
    """Prints one line for each step, with the seconds that it took."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def start(self, what: str) -> "Step":
        """Begin a step. Its line is printed when it is done."""
        return Step(what)

    def say(self, line: str = "") -> None:
        """Print a line that is not a step."""
        print(line, flush=True)

    def total_seconds(self) -> float:
        """Return the seconds since this object was made."""
        return time.monotonic() - self._started


class Step:
    """One step and its start."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = time.monotonic()

    def done(self, detail: str = "") -> None:
        """Print the line of the step."""
        seconds = time.monotonic() - self._started
        print(f"  ✓ {self._what:<44} {seconds:5.1f} s  {detail}".rstrip(), flush=True)


def complain(message: object) -> None:
    """Print an error to standard error."""
    print(f"error: {message}", file=sys.stderr, flush=True)

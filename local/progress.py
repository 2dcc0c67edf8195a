"""What the developer reads while the local stack comes up."""

import sys
import time


class Progress:
    """Prints one line a step, with the seconds that it took."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def start(self, what: str) -> "Step":
        """Begin a step; its line is printed when it is done."""
        return Step(what)

    def say(self, line: str = "") -> None:
        """Print a line that is no step."""
        print(line, flush=True)

    def total_seconds(self) -> float:
        """Return the seconds since the first step began."""
        return time.monotonic() - self._started


class Step:
    """One step and its stopwatch."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._started = time.monotonic()

    def done(self, detail: str = "") -> None:
        """Print the step's line."""
        seconds = time.monotonic() - self._started
        print(f"  ✓ {self._what:<44} {seconds:5.1f} s  {detail}".rstrip(), flush=True)


def complain(message: object) -> None:
    """Print an error where errors go."""
    print(f"error: {message}", file=sys.stderr, flush=True)

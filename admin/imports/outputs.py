"""What an import writes beside its result: a bar while it runs, and files of the refused records and of the new ids."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Self, TextIO

BAR_CHARACTERS = 30
DRAWN_EVERY_SECONDS, TOLD_EVERY_SECONDS = 0.2, 10
FIRST_REFUSALS = 10


class Progress:
    """A bar on a terminal; elsewhere, such as in a log, a line every ten seconds."""

    def __init__(
        self,
        total: int,
        *,
        tell: Callable[[str], None],
        draw: Callable[[str], None] | None,
        seconds: Callable[[], float],
    ) -> None:
        """Begin. `tell` prints a line, `draw` a line in the place of the one before, None if there is no terminal.

        `seconds` reads a clock.
        """
        self._total = total
        self._tell = tell
        self._draw = draw
        self._seconds = seconds
        self._began = self._shown = seconds()

    def show(self, done: int) -> None:
        """Show how many users are done, if that was not shown just now."""
        now = self._seconds()
        if now - self._shown < (DRAWN_EVERY_SECONDS if self._draw else TOLD_EVERY_SECONDS) and done < self._total:
            return
        self._shown = now
        (self._draw or self._tell)(self._line(done, now))

    def end(self) -> None:
        """Leave the bar where it is."""
        if self._draw:
            self._tell("")

    def _line(self, done: int, now: float) -> str:
        filled = BAR_CHARACTERS * done // self._total if self._total else BAR_CHARACTERS
        rate = done / (now - self._began) if now > self._began else 0
        left = f", {(self._total - done) / rate:.0f} s left" if rate else ""
        bar = "#" * filled + "." * (BAR_CHARACTERS - filled)
        return f"[{bar}] {done} of {self._total} users, {rate:.0f} a second{left}"


class Lines:
    """A file of JSON Lines, or none if the path is empty."""

    def __init__(self, path: str) -> None:
        """Write to this path, over what is there."""
        self._path = path
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        """Open the file."""
        self._file = Path(self._path).open("w", encoding="utf-8") if self._path else None
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        if self._file:
            self._file.close()

    def write(self, **members: str) -> None:
        """Write a line."""
        if self._file:
            print(json.dumps(members), file=self._file)


class Refusals:
    """The records that were not taken: in the file of the report, and the first of them for the operator."""

    def __init__(self, report: Lines) -> None:
        """Write to this file."""
        self._report = report
        self.count = 0
        self.first: list[str] = []

    def add(self, place: str, reason: str) -> None:
        """Note a record that is not taken."""
        self.count += 1
        self._report.write(at=place, reason=reason)
        if len(self.first) < FIRST_REFUSALS:
            self.first.append(f"{place}: {reason}")

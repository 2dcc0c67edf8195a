"""One run of a proof: its size, its seed, its parts that are done, and its line on the screen."""

import json
import random
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

SHORT, LONG = "short", "long"
SEED = 1  # of a run that names no other
_BAR = 24  # characters
_PAUSE_SECONDS = 0.2  # between two drawings of the bar

Json = Any  # whatever JSON can hold


class Memory:
    """The parts of one run that are done, in a file, so that an interrupted run goes on where it was."""

    def __init__(self, path: Path, belongs_to: Mapping[str, Json]) -> None:
        """Read what is done. What belongs to another commit, size or seed is forgotten."""
        self._path = path
        self._belongs_to = dict(belongs_to)
        self._parts: dict[str, Json] = {}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["belongs_to"] == self._belongs_to:
                self._parts = kept["parts"]

    def __contains__(self, part: str) -> bool:
        """Return whether a part is done."""
        return part in self._parts

    def __getitem__(self, part: str) -> Json:
        """Return what a part counted."""
        return self._parts[part]

    def keep(self, part: str, counted: Json) -> None:
        """Remember a part. The file is replaced whole, so that no interruption leaves half of one."""
        self._parts[part] = counted
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps({"belongs_to": self._belongs_to, "parts": self._parts}), encoding="utf-8")
        new.replace(self._path)

    def forget(self) -> None:
        """Remove the file: the run is complete."""
        self._path.unlink(missing_ok=True)


@dataclass
class Run:
    """A run of one proof. Everything that a proof draws by chance comes from `chance`, so it can be repeated."""

    name: str
    size: str
    seed: int = SEED
    memory: Memory | None = None
    screen: TextIO = field(default=sys.stderr)
    _drawn_at: float = 0.0

    def amount(self, *, short: int, long: int) -> int:
        """Return how much is tried in a run of this size."""
        return {SHORT: short, LONG: long}[self.size]

    def chance(self, *purpose: object) -> random.Random:
        """Return a source of chance that is the same in each run with this seed, and another for each purpose."""
        return random.Random(repr((self.name, self.seed, *purpose)))  # noqa: S311 - to repeat a run, not for secrets

    def parts(self, names: Iterable[object], act: Callable[[str], Json]) -> dict[str, Json]:
        """Call `act` with each name that is not done yet, and return what each one counted, as JSON."""
        order = [str(name) for name in names]
        counted: dict[str, Json] = {}
        for number, name in enumerate(order):
            self.show(number, len(order), name)
            if self.memory is not None and name in self.memory:
                counted[name] = self.memory[name]
                continue
            counted[name] = json.loads(json.dumps(act(name)))
            if self.memory is not None:
                self.memory.keep(name, counted[name])
        self.show(len(order), len(order), "")
        return counted

    def show(self, done: int, of: int, what: str) -> None:
        """Draw the bar, if a person looks at it."""
        now = time.monotonic()
        is_last = done >= of
        if not self.screen.isatty() or (not is_last and now - self._drawn_at < _PAUSE_SECONDS):
            return
        self._drawn_at = now
        filled = _BAR * done // max(of, 1)
        bar = "█" * filled + "·" * (_BAR - filled)
        self.screen.write(f"\r\033[K   {bar} {done:,}/{of:,} {what[:40]}" + ("\n" if is_last else ""))
        self.screen.flush()


def added(counted: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return the sums of the counts of several parts, in the order in which their names first come."""
    sums: dict[str, int] = {}
    for part in counted:
        for name, count in part.items():
            sums[name] = sums.get(name, 0) + count
    return sums

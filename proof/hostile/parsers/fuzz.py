"""Searches that are guided by coverage, in an environment with atheris: `python -m proof.hostile.parsers.fuzz`.

The arguments: a folder, the number of inputs, the seed, and the names of readers. The folder has one for each reader,
by its place in the list, with the folder `seeds`. The report comes beside that. Each search has a process of its own,
because it ends with its process; to fork it is faster than to instrument the code again.

An error that the reader does not declare does not end the search, so that a second one is found too.
"""

import json
import os
import sys
import time
import traceback
from base64 import b64encode
from pathlib import Path
from typing import NoReturn

import atheris

with atheris.instrument_imports(include=["edge_auth", "admin"]):
    from proof.hostile.parsers.inputs import escapes
    from proof.hostile.parsers.readers import READERS

MAX_BYTES = 16_384  # more than a body or all headers may have
MAX_FINDINGS = 20
_REPETITIONS = 3
_WORTH_REPEATING_NS = 1_000_000


class Search:
    """Counts the inputs, keeps what escaped from which line, and the slowest input."""

    def __init__(self, name: str, report: Path, inputs: int) -> None:
        """Search in this reader, and write the report when it has had so many inputs."""
        self._reader = READERS[name]
        self._report = report
        self._left = inputs
        self._found: dict[str, str] = {}
        self._slowest_ns = 0
        self._slowest = b""

    def one(self, data: bytes) -> None:
        """Read one input."""
        cpu_ns = self._timed(data)
        if cpu_ns > max(self._slowest_ns, _WORTH_REPEATING_NS):  # what an input costs, it costs each time
            cpu_ns = min(cpu_ns, *(self._timed(data) for _ in range(_REPETITIONS)))
        if cpu_ns > self._slowest_ns:
            self._slowest_ns, self._slowest = cpu_ns, data
        self._left -= 1
        if self._left == 0:
            self._write()

    def _timed(self, data: bytes) -> int:
        begin = time.thread_time_ns()
        error = escapes(self._reader, data)
        cpu_ns = time.thread_time_ns() - begin
        if error is not None and len(self._found) < MAX_FINDINGS:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            where = f"{type(error).__name__} at {Path(frame.filename).name}:{frame.lineno}"
            self._found.setdefault(where, b64encode(data).decode())
        return cpu_ns

    def _write(self) -> None:
        report = {
            "findings": self._found,
            "slowest_ms": self._slowest_ns / 1_000_000,
            "slowest": b64encode(self._slowest).decode(),
        }
        self._report.write_text(json.dumps(report), encoding="utf-8")


def main() -> None:
    """Search in each reader."""
    place, inputs, seed, *names = sys.argv[1:]
    for number, name in enumerate(names):
        folder = Path(place) / str(number)
        child = os.fork()
        if child == 0:
            search_in(name, folder, int(inputs), seed)
        os.waitpid(child, 0)


def search_in(name: str, folder: Path, inputs: int, seed: str) -> NoReturn:
    """Search in one reader, and end the process."""
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT)
    os.dup2(log, sys.stderr.fileno())
    search = Search(name, folder / "report.json", inputs)
    options = [f"-runs={inputs}", f"-seed={seed}", f"-max_len={MAX_BYTES}"]
    atheris.Setup([sys.argv[0], *options, str(folder / "seeds")], search.one)
    atheris.Fuzz()
    os._exit(1)  # it does not come back


if __name__ == "__main__":
    main()

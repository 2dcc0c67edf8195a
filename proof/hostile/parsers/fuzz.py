"""One search that is guided by coverage, in an environment with atheris: `python -m proof.hostile.parsers.fuzz`.

The arguments: the name of a reader, the file for the report, the number of inputs, the seed, the folder of the seeds.
An error that the reader does not declare does not end the search, so that a second one is found too.
"""

import json
import sys
import time
import traceback
from base64 import b64encode
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["edge_auth", "admin"]):
    from proof.hostile.parsers.readers import READERS, escapes

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
    """Search."""
    name, report, inputs, seed, folder = sys.argv[1:]
    search = Search(name, Path(report), int(inputs))
    options = [f"-runs={inputs}", f"-seed={seed}", f"-max_len={MAX_BYTES}", "-verbosity=1", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *options, folder], search.one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

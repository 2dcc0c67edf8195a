"""Which tests reach which lines of a package: all tests run once, without a fault, and coverage writes it down."""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import pytest
from coverage import Coverage

from proof.mutants.project import WORKERS, Project
from proof.mutants.session import Chosen, arguments, file_of, in_silence


class TestsFailed(Exception):
    """The tests fail without a fault, so they cannot show one."""


@dataclass(frozen=True)
class Reach:
    """The tests that reach each line of each file. The empty test stands for the imports.

    `seconds` is the time of the processor that each test took, in the order of the tests.
    """

    lines: Mapping[str, Mapping[int, Sequence[str]]]
    seconds: Mapping[str, float]

    def at_import(self, path: Path, lines: range) -> bool:
        """Return whether any of these lines runs while modules are imported."""
        found = self.lines.get(str(path), {})
        return any("" in found.get(line, ()) for line in lines)

    def of_lines(self, path: Path, lines: range) -> list[str]:
        """Return the tests that reach any of these lines."""
        found = self.lines.get(str(path), {})
        return self._ordered({test for line in lines for test in found.get(line, ())})

    def of_files(self, paths: Sequence[Path]) -> list[str]:
        """Return all tests beside those that reach any line of these files: a test of a constant reaches no line."""
        found = {test for path in paths for tests in self.lines.get(str(path), {}).values() for test in tests}
        files = {file_of(test) for test in found}
        return [test for test in self.seconds if file_of(test) in files]

    def _ordered(self, tests: set[str]) -> list[str]:
        return [test for test in self.seconds if test in tests]


def known_reach(project: Project) -> Reach:
    """Return the reach of the tests. That of a folder is kept until its tests or the package change.

    Raises:
        TestsFailed: a test fails.

    """
    project.cache.mkdir(parents=True, exist_ok=True)
    kept = {piece: project.cache / f"reach-{_digest(project, piece)}.json" for piece in project.pieces()}
    # Each folder in a process that has not imported the package.
    with get_context("spawn").Pool(WORKERS, maxtasksperchild=1) as pool:
        missing = [(project, piece, path) for piece, path in kept.items() if not path.exists()]
        pool.starmap(_measure, missing, chunksize=1)
    lines: dict[str, dict[int, list[str]]] = {}
    seconds: dict[str, float] = {}
    for path in kept.values():
        read = json.loads(path.read_text(encoding="utf-8"))
        seconds |= read["seconds"]
        order = list(read["seconds"])
        for file, found in read["lines"].items():
            of_file = lines.setdefault(file, {})
            for line, tests in found.items():
                of_file.setdefault(int(line), []).extend("" if test < 0 else order[test] for test in tests)
    return Reach(lines, seconds)


def _measure(project: Project, piece: str, result: Path) -> None:
    in_silence()
    coverage = Coverage(data_file=None, source=[str(project.package)], config_file=False)
    coverage.start()
    recorder = _Recorder(coverage)
    code = pytest.main(arguments(project, _paths(project, piece)), plugins=[Chosen(project), recorder])
    coverage.stop()
    # What a run checks at its end is of all tests, and some are left out here. No trial comes to its end.
    if recorder.failed or code not in {pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}:
        raise TestsFailed(f"{piece} ends with {code} without a fault: {recorder.failed[:5]}")
    order = {test: number for number, test in enumerate(recorder.seconds)} | {"": -1}
    data = coverage.get_data()
    lines = {
        path: {line: sorted(order[test] for test in tests) for line, tests in data.contexts_by_lineno(path).items()}
        for path in sorted(data.measured_files())
    }
    new = result.with_suffix(".new")
    new.write_text(json.dumps({"seconds": recorder.seconds, "lines": lines}), encoding="utf-8")
    new.replace(result)


class _Recorder:
    """Tells coverage which test runs, and takes its time."""

    def __init__(self, coverage: Coverage) -> None:
        self._coverage = coverage
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        begin = time.process_time()
        self._coverage.switch_context(item.nodeid)
        try:
            return (yield)
        finally:
            self._coverage.switch_context("")
            self.seconds[item.nodeid] = round(time.process_time() - begin, 3)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed.append(report.nodeid)


def _paths(project: Project, piece: str) -> list[str]:
    """Return the tests of a folder; of a level, only the files in it."""
    if piece not in project.levels:
        return [piece]
    return [path.relative_to(project.root).as_posix() for path in sorted((project.root / piece).glob("test_*.py"))]


def _digest(project: Project, piece: str) -> str:
    """Return what names the content of everything that the tests of a folder depend on."""
    level = project.levels[project.level_of(piece)]
    digest = hashlib.sha256(f"{piece} {project.few_of_a_file.get(level)}".encode())
    for name in (*_paths(project, piece), f"{level}/conftest.py", *project.depends_on):
        path = project.root / name
        files = [path] if path.is_file() else sorted(file for file in path.rglob("*") if file.is_file())
        for file in files:
            if file.suffix != ".pyc":
                digest.update(f"{file.relative_to(project.root)}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]

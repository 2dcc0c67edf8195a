"""Which of the tests that reach a mutant try to find it, and in which order."""

import ast
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from pathlib import Path

from proof.mutants.mutations import Mutant
from proof.mutants.project import Project
from proof.mutants.reach import Reach
from proof.mutants.session import file_of


class Selection:
    """Chooses tests. They are the same ones in each run."""

    def __init__(self, project: Project, reach: Reach) -> None:
        """Find out which module imports which, and which files of tests do."""
        self._project, self._reach = project, reach
        names = {project.module(path): path for path in project.files()}
        self._importers = _importers(names, names.values())
        files = dict.fromkeys(project.root / file_of(test) for test in reach.seconds)
        self._test_files = {
            path: {file.relative_to(project.root).as_posix() for file in found}
            for path, found in _importers(names, files).items()
        }

    def tests_for(self, mutant: Mutant, path: Path, *, is_collected: bool) -> list[str]:
        """Return the tests that may find a mutant.

        What runs during imports is found by a test whose file imports the module, or that reaches any line of it, or of
        a module that imports it.
        """
        first = set[str]()
        if is_collected:
            found = self._reach.of_lines(path, mutant.lines)
        else:
            first = self._test_files[path]
            naming = [test for test in self._reach.seconds if file_of(test) in first]
            found = [*naming, *self._reach.of_files([path]), *self._reach.of_files(self._importers[path])]
        room = path.relative_to(self._project.package).parts[0]
        return self._some(dict.fromkeys(found), own=f"{self._project.levels[0]}/{room}", first=first)

    def _some(self, tests: Iterable[str], *, own: str, first: Collection[str]) -> list[str]:
        """Return all tests of the module's own room, and some of each level: those of the files `first` come first."""
        levels: dict[str, dict[str, list[str]]] = {level: {} for level in (own, *self._project.levels)}
        for test in tests:
            level = next((level for level in levels if test.startswith(f"{level}/")), None)
            if level is not None:
                levels[level].setdefault(file_of(test), []).append(test)
        at_most = self._project.at_most
        chosen = {level: _spread(files, at_most.get(level)) for level, files in levels.items()}
        seconds = self._reach.seconds
        return [
            test
            for tests in chosen.values()
            for test in sorted(tests, key=lambda test: (file_of(test) not in first, seconds[test]))
        ]


def _spread(files: Mapping[str, Sequence[str]], at_most: int | None) -> list[str]:
    """Return so many tests, taken in turn from each file, in the order of the files."""
    in_turn = [test for test in chain.from_iterable(zip_longest(*files.values())) if test is not None]
    chosen = {*in_turn[:at_most]}
    return [test for tests in files.values() for test in tests if test in chosen]


def _importers(names: Mapping[str, Path], files: Iterable[Path]) -> dict[Path, list[Path]]:
    """Return for each module those of the files that import it."""
    importers: dict[Path, list[Path]] = {path: [] for path in names.values()}
    for file in files:
        for name in dict.fromkeys(_imported(file)):
            if name in names:
                importers[names[name]].append(file)
    return importers


def _imported(path: Path) -> Iterable[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)

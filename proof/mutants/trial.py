"""One trial of a mutant: tests run in a process of their own until one fails.

A fault in a function is planted into a copy (a fork) of a process that has imported everything and collected the tests:
the function gets other code. A fault in what runs during imports needs a process that has not imported the layer:
there an importer gives the module with the fault. Both end in the same way.
"""

import gc
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import IntEnum
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import NoReturn

import pytest

from proof.mutants.mutations import Source
from proof.mutants.project import Project
from proof.mutants.session import Chosen, arguments, file_of, in_silence

Stages = tuple[tuple[str, ...], ...]
"""The files of tests that a process collects at a time. They are collected together."""
KILLER = "killer"  # the file in the folder of a trial that names the test that failed

_SPARE_SECONDS = 5  # of the processor, for a test that takes none
_IMPORT_SECONDS = 10
_MORE_FILES = 8  # which a process without collected tests reads, if the first one shows no fault
_TIMES = 10  # a test with a fault may take this many times longer
_PATIENCE_SECONDS = 60  # for a test that only waits
_MEMORY = 4 << 30


class Outcome(IntEnum):
    """How a trial ends: the exit code of its process."""

    SURVIVED = 0
    KILLED = 10
    NOT_PLANTED = 11


def run_collected(
    session: pytest.Session,
    items: Sequence[pytest.Item],
    seconds: Mapping[str, float],
    folder: str,
    plant: Callable[[], bool],
) -> NoReturn:
    """Plant a fault into this process, a fork, and run these tests until one fails. Never returns."""
    _alone(folder)
    gc.disable()  # a search for garbage would copy most of the memory that this process shares with the first one
    if not plant():
        os._exit(Outcome.NOT_PLANTED)
    session.config.pluginmanager.register(_Judge(folder, seconds))
    for item, following in zip(items, [*items[1:], None], strict=True):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    os._exit(Outcome.SURVIVED)


def stages_of(tests: Sequence[str]) -> Stages:
    """Return the files of these tests: the first one, and the others that come if it shows no fault."""
    first, *others = dict.fromkeys(file_of(test) for test in tests)
    return (first,), tuple(others[:_MORE_FILES])


def run_imported(
    project: Project,
    planted: tuple[Path, int | None],
    stages: Stages,
    tests: Sequence[str],
    seconds: Mapping[str, float],
    folder: str,
) -> NoReturn:
    """Import everything, and run these tests until one fails, those of one stage after the other. Never returns.

    The module of `planted` has the fault of this number, or none. A fault may change the names of tests. So a test that
    is not known runs too.
    """
    _alone(folder)
    path, number = planted
    source = Source(path.read_text(encoding="utf-8"), str(path))
    code = source.compiled(None if number is None else source.mutants[number])
    sys.meta_path.insert(0, _Planter(project.module(path), str(path), code))
    for files in stages:
        Path(folder, KILLER).unlink(missing_ok=True)  # the last test of an earlier stage has not failed
        _limit(_IMPORT_SECONDS)
        plugins = [Chosen(project), _Only(tests, frozenset(seconds)), _Judge(folder, seconds)]
        ended = pytest.main(arguments(project, files), plugins=plugins) if files else pytest.ExitCode.OK
        if ended not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
            os._exit(Outcome.KILLED)
    os._exit(Outcome.SURVIVED)


class Functions:
    """The living functions of the layer, by the file and the name of their code."""

    def __init__(self, folder: Path) -> None:
        """Find them, after all imports."""
        gc.unfreeze()
        self._found: dict[str, list[FunctionType]] = {}
        for value in gc.get_objects():
            if isinstance(value, FunctionType) and value.__code__.co_filename.startswith(str(folder)):
                self._found.setdefault(value.__code__.co_filename, []).append(value)
        gc.freeze()

    def replace(self, path: str, code: CodeType) -> bool:
        """Give each function of a file its code in this code of the module. Return whether any differs."""
        codes = {(each.co_qualname, each.co_firstlineno): each for each in _codes(code)}
        is_planted = False
        for function in self._found.get(path, ()):
            mine = function.__code__
            new = codes.get((mine.co_qualname, mine.co_firstlineno), mine)
            if new != mine:
                try:
                    function.__code__ = new
                except ValueError:  # it needs other variables of the function around it
                    return False
                is_planted = True
        return is_planted


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


class _Judge:
    """Ends the process with the first test that fails, and limits the time of each."""

    def __init__(self, folder: str, seconds: Mapping[str, float]) -> None:
        self._folder, self._seconds = folder, seconds

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self, nodeid: str) -> None:
        Path(self._folder, KILLER).write_text(nodeid, encoding="utf-8")
        _limit(self._seconds.get(nodeid, 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os._exit(Outcome.KILLED)


class _Only:
    """Leaves out the tests that are known and not wanted."""

    def __init__(self, wanted: Sequence[str], known: frozenset[str]) -> None:
        self._place = {test: number for number, test in enumerate(wanted)}
        self._known = known

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if item.nodeid in self._place or item.nodeid not in self._known]
        items.sort(key=lambda item: self._place.get(item.nodeid, len(self._place)))


class _Planter(MetaPathFinder):
    """Finds one module, with other code."""

    def __init__(self, module: str, path: str, code: CodeType) -> None:
        self._module, self._path, self._code = module, path, code

    def find_spec(self, fullname: str, path: object = None, target: ModuleType | None = None) -> ModuleSpec | None:  # noqa: ARG002
        if fullname != self._module:
            return None
        return spec_from_file_location(fullname, self._path, loader=_Loader(fullname, self._path, self._code))


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002
        return self._code


def _alone(folder: str) -> None:
    """Make this process one that disturbs no other: its own group, folder and limits, and no output."""
    os.setpgid(0, 0)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
    in_silence()
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def _limit(usual_seconds: float) -> None:
    """End the process by a signal if what follows takes too long."""
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    until = int(time.process_time() + _SPARE_SECONDS + _TIMES * usual_seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (until, most))
    signal.alarm(_PATIENCE_SECONDS)

"""Tries the mutants of a module: each in a process of its own, and as many at a time as there are processors."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from multiprocessing import get_context
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from proof.mutants.explanations import Key
from proof.mutants.killers import Killers
from proof.mutants.mutations import Mutant, Source
from proof.mutants.project import WORKERS, Project
from proof.mutants.reach import Reach
from proof.mutants.selection import Selection
from proof.mutants.session import file_of
from proof.mutants.trial import KILLER, Functions, Outcome, Stages, run_collected, run_imported, stages_of

_FIRST = 6  # tests that found the mutants before come first, this many


@dataclass
class Verdict:
    """What became of a mutant: `killed`, `timeout`, `survived` or `unreached`, and the test that found it.

    `stages` are there if its process has imported everything itself. Without a killer, it could not collect tests.
    """

    outcome: str
    killer: str = ""
    stages: Stages = ()

    @property
    def is_found(self) -> bool:
        """Whether a test failed, or took much too long."""
        return self.outcome in {"killed", "timeout"}


@dataclass
class _Trial:
    number: int
    process: BaseProcess
    folder: str
    stages: Stages = ()


@dataclass
class Engine:
    """Tries mutants with the tests of a session that has collected them."""

    project: Project
    session: pytest.Session
    reach: Reach
    killers: Killers
    _recent: list[str] = field(default_factory=list)
    _sound: set[tuple[Stages, str]] = field(default_factory=set)  # what has failed with a fault only

    def __post_init__(self) -> None:
        """Find the functions, and prepare a process that imports no module of the layer."""
        self._items = {item.nodeid: item for item in self.session.items}
        self._selection = Selection(self.project, self.reach)
        self._functions = Functions(self.project.package)
        self._fork, self._new = get_context("fork"), get_context("forkserver")
        self._new.set_forkserver_preload(_packages())

    def verdicts(self, path: Path, source: Source, *, at_import: bool) -> dict[int, Verdict]:
        """Return what becomes of the mutants of a module, by number: of those outside of functions, or of the others.

        What survives in a function that also runs during imports is tried once more, from the first import on.
        """
        self._recent = []
        numbers = [number for number, mutant in enumerate(source.mutants) if at_import != bool(mutant.function)]
        tried: dict[int, Verdict | None] = (
            {} if at_import else dict(self._run(path, source, numbers, is_collected=True))
        )
        again = [number for number in numbers if self._is_doubtful(tried.get(number), source.mutants[number], path)]
        tried |= self._run(path, source, again, is_collected=False)
        found = {number: verdict for number in numbers if (verdict := tried[number])}
        for number, verdict in found.items():
            if verdict.killer:
                self.killers.remember(self._key(path, source, number), verdict.killer)
        self.killers.keep()
        return found

    def _is_doubtful(self, verdict: Verdict | None, mutant: Mutant, path: Path) -> bool:
        return verdict is None or (not verdict.is_found and self.reach.at_import(path, mutant.lines))

    def _key(self, path: Path, source: Source, number: int) -> Key:
        mutant = source.mutants[number]
        return Key(path.relative_to(self.project.package).as_posix(), source.text_of(mutant), mutant.change)

    def unsound(self, path: Path, verdicts: Iterable[Verdict]) -> list[str]:
        """Return the tests that found mutants of a module and fail here without a fault. They prove nothing.

        Each is tried in a process like the one in which it found a mutant. A fault may change the names of tests. Such
        a test is not here, and cannot be tried without the fault.
        """
        found = [verdict for verdict in verdicts if verdict.is_found]
        collected = [verdict.killer for verdict in found if not verdict.stages and verdict.killer in self._items]
        failed = self._failing(collected, partial(self._collected, 0, path=None, source=None))
        of_stages: dict[Stages, list[str]] = {}
        for verdict in found:
            if verdict.stages and (verdict.stages, verdict.killer) not in self._sound:
                of_stages.setdefault(verdict.stages, []).append(verdict.killer)
        for stages, killers in of_stages.items():
            failing = self._failing(killers, partial(self._imported, (path, None), stages))
            self._sound |= {(stages, killer) for killer in killers if killer not in failing}
            failed += [killer or f"the collection of {', '.join(chain(*stages))}" for killer in failing]
        return failed

    def _failing(self, tests: Sequence[str], start: Callable[[Sequence[str]], _Trial]) -> list[str]:
        """Return those of these tests that fail without a fault."""
        left, failed = list(dict.fromkeys(tests)), list[str]()
        while left:
            trial = start(left)
            trial.process.join()
            verdict = self._ended(trial)
            if verdict is None or verdict.outcome == "survived":
                break
            failed.append(verdict.killer)
            left = left[left.index(verdict.killer) + 1 :] if verdict.killer in left else []
        return failed

    def _run(
        self, path: Path, source: Source, numbers: Sequence[int], *, is_collected: bool
    ) -> Iterator[tuple[int, Verdict | None]]:
        waiting, running = list(numbers), dict[int, _Trial]()
        while waiting or running:
            while waiting and len(running) < WORKERS:
                number = waiting.pop(0)
                mutant = source.mutants[number]
                tests = self._order(
                    self._selection.tests_for(mutant, path, is_collected=is_collected),
                    self.killers.of(self._key(path, source, number)),
                )
                if not tests:
                    yield number, Verdict("unreached")
                    continue
                if is_collected:
                    trial = self._collected(number, tests, path, source)
                else:
                    trial = self._imported((path, number), stages_of(tests), tests)
                running[trial.process.sentinel] = trial
            for sentinel in wait(list(running)) if running else ():
                trial = running.pop(int(sentinel))  # type: ignore[arg-type] # a number, for processes
                trial.process.join()
                yield trial.number, self._ended(trial)

    def _order(self, tests: list[str], known_killer: str) -> list[str]:
        mine = {*tests}
        first = [test for test in self._recent if test in mine][:_FIRST]
        return list(dict.fromkeys([*([known_killer] if known_killer in self._items else []), *first, *tests]))

    def _collected(self, number: int, tests: Sequence[str], path: Path | None, source: Source | None) -> _Trial:
        code = source.compiled(source.mutants[number]) if source else None
        items = [self._items[test] for test in tests if test in self._items]
        folder = tempfile.mkdtemp()

        def plant() -> bool:
            return code is None or self._functions.replace(str(path), code)

        run = (self.session, items, self.reach.seconds, folder, plant)
        process = self._fork.Process(target=run_collected, args=run)
        process.start()
        return _Trial(number, process, folder)

    def _imported(self, planted: tuple[Path, int | None], stages: Stages, tests: Sequence[str]) -> _Trial:
        folder = tempfile.mkdtemp()
        run = (self.project, planted, stages, tests, self.reach.seconds, folder)
        process = self._new.Process(target=run_imported, args=run)
        process.start()
        return _Trial(planted[1] or 0, process, folder, stages)

    def _ended(self, trial: _Trial) -> Verdict | None:
        """Return the verdict of a trial that has ended, or None if it needs a process without the layer."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(trial.process.pid or 0, signal.SIGKILL)  # what a test has started
        file = Path(trial.folder, KILLER)
        killer = file.read_text(encoding="utf-8") if file.exists() else ""
        shutil.rmtree(trial.folder, ignore_errors=True)
        code = trial.process.exitcode
        trial.process.close()
        if code == Outcome.NOT_PLANTED:
            return None
        if code == Outcome.SURVIVED:
            return Verdict("survived")
        if killer:
            self._recent = [killer, *(test for test in self._recent if test != killer)]
        is_slow = code in {-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL}
        is_first = bool(killer) and trial.stages[:1] == ((file_of(killer),),)
        return Verdict("timeout" if is_slow else "killed", killer, trial.stages[:1] if is_first else trial.stages)


def _packages() -> list[str]:
    """Return the modules of other projects that are imported here."""
    return [
        name
        for name, module in list(sys.modules.items())
        if "site-packages" in str(getattr(module, "__file__", "")) and getattr(module, "__name__", "") == name
    ]

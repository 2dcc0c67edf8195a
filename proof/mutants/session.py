"""How pytest runs for mutants: in one process, in silence, with few examples, and without old results."""

import os
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, Phase, settings

from proof.mutants.project import Project


def arguments(project: Project, paths: Sequence[str]) -> list[str]:
    """Return the arguments of pytest. The paths are below the root of the project."""
    quiet = ["-qq", "-s", "-n0", "--no-header", "--no-summary", "-p", "no:cacheprovider"]
    tests = [str(project.root / path) for path in paths]
    return [*quiet, "-W", "ignore::pytest.PytestAssertRewriteWarning", f"--rootdir={project.root}", *tests]


def in_silence() -> None:
    """Throw away all output of this process."""
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)


class Chosen:
    """A plugin: the tests that may find a mutant, and how they try examples.

    Of a file of a slow level, only some tests are chosen, evenly spread.
    """

    def __init__(self, project: Project) -> None:
        """Keep how many."""
        self._few = project.few_of_a_file

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Try few examples, always the same ones, and look for no simpler ones."""
        settings.register_profile(
            "mutants",
            deadline=None,
            max_examples=25,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        settings.load_profile("mutants")

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the others."""
        total = Counter(file_of(item.nodeid) for item in items)
        seen: Counter[str] = Counter()
        kept = []
        for item in items:
            file = file_of(item.nodeid)
            few = next((few for level, few in self._few.items() if file.startswith(f"{level}/")), total[file])
            number = seen[file]
            seen[file] += 1
            if total[file] <= few or (number * few // total[file] != (number - 1) * few // total[file]):
                kept.append(item)
        items[:] = kept


def file_of(test: str) -> str:
    """Return the file of a test."""
    return test.partition("::")[0]

"""What is tried: a package, and the levels of its tests."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.frame.results import ROOT

WORKERS = os.cpu_count() or 1


@dataclass(frozen=True)
class Project:
    """A package and its tests.

    `levels` are folders of tests below `root`, the best ones first. Of a file of `few_of_a_file`, only so many tests
    are used. At most `at_most` tests of a level try to find one mutant. `depends_on` is what else the tests depend on.
    """

    root: Path
    package: Path
    levels: tuple[str, ...]
    few_of_a_file: Mapping[str, int] = field(default_factory=dict)
    at_most: Mapping[str, int] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()

    def module(self, path: Path) -> str:
        """Return the name by which a file of the package is imported."""
        return ".".join((self.package.name, *path.relative_to(self.package).with_suffix("").parts))

    def files(self) -> list[Path]:
        """Return the files of the package."""
        return sorted(self.package.rglob("*.py"))

    def pieces(self) -> list[str]:
        """Return what is measured at a time: the files of a level, and each folder in it."""
        folders = [level for level in self.levels if any((self.root / level).glob("test_*.py"))]
        below = (path for level in self.levels for path in sorted((self.root / level).iterdir()) if path.is_dir())
        names = [path.relative_to(self.root).as_posix() for path in below if any(path.rglob("test_*.py"))]
        return sorted([*folders, *names], key=lambda piece: (self.level_of(piece), piece))

    def level_of(self, piece: str) -> int:
        """Return the place of the level of a folder."""
        return next(place for place, level in enumerate(self.levels) if f"{piece}/".startswith(f"{level}/"))

    @property
    def cache(self) -> Path:
        """The folder of what is kept between runs."""
        return self.root / ".cache" / "proof"


LAYER = Project(
    ROOT,
    ROOT / "layers" / "edge_auth" / "edge_auth",
    ("tests/unit", "tests/security", "tests/functional"),
    few_of_a_file={"tests/functional": 5},
    at_most={"tests/unit": 60, "tests/security": 40, "tests/functional": 4},
    depends_on=("layers/edge_auth", "functions", "events", "tests/support", "tests/conftest.py", "template.yaml"),
)
"""The layer. Its functional tests are slow, and each file repeats much of another one."""

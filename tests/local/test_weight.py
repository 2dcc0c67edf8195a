"""`make build` prints the layer's size, and refuses a layer over the budget."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from local import weight
from local.settings import ROOT
from local.weight import main

ADVICE = "make a part smaller, or raise the budget in local/weight.py\n"


def package(layer: Path, name: str, content: bytes) -> None:
    """Add a package to a layer."""
    folder = layer / "python" / name
    folder.mkdir(parents=True)
    (folder / "module.py").write_bytes(content)


def test_the_weight_names_sizes_and_the_largest_parts_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The first line has both sizes, and ten lines follow for the largest packages."""
    for number in range(12):
        package(tmp_path, f"package{number}", bytes(100_000 * (number + 1)))

    assert main(tmp_path) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "layer: 0.0 MB zipped, 7.8 MB unzipped"
    assert lines[1].split() == ["1.2", "MB", "python/package11"]
    assert len(lines) == 11


def test_the_budget_is_what_the_documents_say() -> None:
    """The budget is 15 MB zipped and 50 MB unzipped."""
    assert (weight.MAX_ZIPPED, weight.MAX_UNZIPPED) == (15_000_000, 50_000_000)


@pytest.mark.parametrize(
    ("budget", "error"),
    [
        ("MAX_ZIPPED", "error: the layer has 1.2 MB zipped, and its budget is 1 MB; "),
        ("MAX_UNZIPPED", "error: the layer has 1.2 MB unzipped, and its budget is 1 MB; "),
    ],
)
def test_a_layer_over_the_budget_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], budget: str, error: str
) -> None:
    """The sizes of its parts are printed too, to show what has grown."""
    package(tmp_path, "grown", random.Random(0).randbytes(1_200_000))  # noqa: S311 - it does not compress
    monkeypatch.setattr(weight, budget, 1_000_000)

    assert main(tmp_path) == 1

    printed = capsys.readouterr()
    assert printed.err == f"{error}{ADVICE}"
    assert printed.out.splitlines()[1].split() == ["1.2", "MB", "python/grown"]


def test_a_build_fails_with_it(tmp_path: Path) -> None:
    """The command of `make build` ends with status 1."""
    package(tmp_path, "grown", bytes(50_000_001))

    outcome = subprocess.run(
        [sys.executable, "-m", "local.weight", tmp_path], cwd=ROOT, capture_output=True, text=True, check=False
    )

    error = "error: the layer has 50.0 MB unzipped, and its budget is 50 MB; "
    assert (outcome.returncode, outcome.stderr) == (1, f"{error}{ADVICE}")

"""The commands that run the tests: together they run every test, and the gate runs all of them."""

import re

import pytest

from tests.support.template import ROOT

TESTS = ROOT / "tests"
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
GATE = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
# Target -> the lines of its recipe.
RECIPES = dict(re.findall(r"^([a-z-]+):.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE))
COMMANDS = {target: lines for target, lines in RECIPES.items() if target.startswith("test")}
LEFT_OUT = re.findall(r"not (\w+)", COMMANDS["test"])


def folders_of(marker: str) -> set[str]:
    """Return the folders whose conftest.py marks all their tests so."""
    marks = (f'add_marker("{marker}")', f"pytest.mark.{marker}")
    marked = [path for path in TESTS.rglob("conftest.py") if any(mark in path.read_text("utf-8") for mark in marks)]
    return {path.parent.relative_to(ROOT).as_posix() for path in marked}


@pytest.mark.parametrize("marker", LEFT_OUT)
def test_what_make_test_leaves_out_has_another_command(marker: str) -> None:
    """Every folder with the marker is an argument of one other command, and no test is chosen one by one."""
    folders = folders_of(marker)

    assert folders
    for folder in folders:
        running = [name for name, lines in COMMANDS.items() if re.search(rf" {folder}( |$)", lines, re.MULTILINE)]
        assert len(running) == 1, folder
    single = [path for path in TESTS.rglob("test_*.py") if f"pytest.mark.{marker}" in path.read_text("utf-8")]
    assert [path for path in single if path.name != "test_test_commands.py"] == []


def test_make_check_runs_the_only_ignored_folder() -> None:
    """The comparison of rights needs no test, so it comes before them."""
    assert re.findall(r"--ignore (\S+)", COMMANDS["test"]) == ["tests/policies"]
    assert re.search(r"pytest -q tests/policies$", RECIPES["check"], re.MULTILINE)
    assert "make check" in GATE.splitlines()


def test_the_storm_runs_alone() -> None:
    """What the first line of the command leaves out is what the second one runs, in one process."""
    first, second = COMMANDS["test-browsers"].splitlines()

    assert '-m "browsers and not storm"' in first
    assert "-n0 -m storm " in second


def test_the_gate_runs_every_command_of_tests_and_fails_with_it() -> None:
    """One command a line, so that the shell ends with the first one that fails."""
    lines = [line for line in GATE.splitlines() if line.startswith("make ")]

    assert {"test", *(f"test-{name}" for name in ("browsers", "operations", "sam-local", "upgrade"))} == COMMANDS.keys()
    assert {f"make {target}" for target in COMMANDS} <= set(lines)
    assert "set -euo pipefail" in GATE.splitlines()
    assert len(lines) == len(re.findall(r"\bmake [a-z-]+$", GATE, re.MULTILINE))


def test_the_page_for_contributors_names_every_command() -> None:
    """README.md and CONTRIBUTING.md say which command runs what."""
    for page in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        assert [target for target in COMMANDS if not re.search(rf"\bmake {target}[`\s]", text)] == [], page

"""Tests share what is in tests/support, and nothing else: a level knows its own helpers and no other level's."""

import ast

import pytest

from tests.support.template import ROOT

TESTS = ROOT / "tests"
SUPPORT = "support"
LEVELS = sorted(path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("*.py")))


def levels_imported_by(source: str) -> set[str]:
    """Return the levels of tests from which a module imports; the root's own modules count by their names."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("tests.")}


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_imports_its_own_helpers_and_the_support(level: str) -> None:
    """What crosses levels lives in tests/support. The support itself knows no level."""
    allowed = {SUPPORT, level}
    imported = {path: levels_imported_by(path.read_text(encoding="utf-8")) for path in (TESTS / level).rglob("*.py")}

    assert {path: levels - allowed for path, levels in imported.items() if levels - allowed} == {}


def test_the_product_and_the_commands_know_no_test() -> None:
    """The benchmarks alone use the support, so that they measure what the tests prove."""
    for name in ("layers", "functions", "admin", "local", "benchmarks"):
        allowed = {SUPPORT} if name == "benchmarks" else set()
        for path in (ROOT / name).rglob("*.py"):
            assert levels_imported_by(path.read_text(encoding="utf-8")) <= allowed, path


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("import tests.unit.conftest", "unit"),
        ("from tests.e2e.client import Client", "e2e"),
        ("from tests import contract", "contract"),
        ("def late() -> None:\n    from tests.security import catalogue", "security"),
    ],
)
def test_every_way_to_import_is_seen(line: str, level: str) -> None:
    """An import that was overlooked would be allowed."""
    assert levels_imported_by(line) == {level}

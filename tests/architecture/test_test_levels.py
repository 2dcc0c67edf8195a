"""Test levels share only tests/support. Each level imports its own helpers, and none of another level."""

import ast

import pytest

from tests.support.template import ROOT

TESTS = ROOT / "tests"
SUPPORT = "support"
LEVELS = sorted(path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("*.py")))


def levels_imported_by(source: str) -> set[str]:
    """Return the test levels from which a module imports. Modules directly in tests/ count by their names."""
    names = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return {name.split(".")[1] for name in names if name.startswith("tests.")}


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_imports_its_own_helpers_and_the_support(level: str) -> None:
    """Shared code is in tests/support. The support itself imports no level."""
    allowed = {SUPPORT, level}
    imported = {path: levels_imported_by(path.read_text(encoding="utf-8")) for path in (TESTS / level).rglob("*.py")}

    assert {path: levels - allowed for path, levels in imported.items() if levels - allowed} == {}


def test_the_product_and_the_commands_know_no_test() -> None:
    """Only benchmarks and proofs use the support, so that they meet the same behaviour as the tests."""
    for name in ("layers", "functions", "admin", "local", "benchmarks", "proof"):
        allowed = {SUPPORT} if name in {"benchmarks", "proof"} else set()
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
    """An overlooked import would be allowed."""
    assert levels_imported_by(line) == {level}

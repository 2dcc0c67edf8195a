"""Of the tests, benchmarks import only tests/support. The tests of the product do not import benchmarks."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.template import ROOT

# The tests of the benchmarks and of the proofs, and the tests that compare the documents with the results.
READERS = tuple(ROOT / "tests" / name for name in ("benchmarks", "proof", "documents"))


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, at any place. For `from a import b` these are `a` and `a.b`."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield str(node.module)
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_outside_support(folder: Path) -> set[tuple[str, str]]:
    """Return each file of a folder with its imports from tests, except those from tests/support."""
    return {
        (path.name, name)
        for path in folder.rglob("*.py")
        for name in imported(path)
        if name.startswith("tests.") and not f"{name}.".startswith("tests.support.")
    }


def test_benchmarks_import_the_scenery_of_the_tests_and_no_test() -> None:
    """So a change in a test level does not break a benchmark."""
    assert imports_outside_support(ROOT / "benchmarks") == set()


def test_an_import_of_a_test_level_is_found(tmp_path: Path) -> None:
    """Each form of the statement is found, also inside a function."""
    (tmp_path / "planted.py").write_text(
        "from tests.support.template import ROOT\n"
        "import tests.functional.conftest\n"
        "from tests.unit import conftest\n"
        "def later():\n"
        "    from tests import contract\n",
        encoding="utf-8",
    )

    found = {name for _, name in imports_outside_support(tmp_path)}

    assert found >= {"tests.functional.conftest", "tests.unit", "tests.contract"}
    assert not {name for name in found if name.startswith("tests.support")}


def test_only_their_own_tests_and_the_documents_import_benchmarks() -> None:
    """So a change in a benchmark does not break a test of the product."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if not any(path.is_relative_to(each) for each in READERS)]

    found = {path.name for path in files for name in imported(path) if f"{name}.".startswith("benchmarks.")}

    assert files
    assert found == set()

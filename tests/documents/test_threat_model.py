"""docs/threat-model.md names existing tests. tests/documents/test_requirements.py checks its codes."""

import ast
import re

import pytest

from tests.support.template import ROOT, functions, variables

TEXT = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8")
THREATS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for table in TEXT.split("| threat | what defends | what remains | shown by |\n")[1:]
    for line in table.split("\n\n")[0].splitlines()[1:]
]
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")


@pytest.mark.parametrize("row", THREATS, ids=lambda row: row[0])
def test_a_threat_names_what_remains_and_a_test(row: list[str]) -> None:
    """Only where nothing defends, there is nothing to show."""
    _, defends, remains, shown = row
    named = TEST.fullmatch(shown)

    assert remains
    assert (named is None) == (shown == "" and defends == "nothing")
    if named:
        module = ast.parse((ROOT / "tests" / named[1]).read_text(encoding="utf-8"))
        assert named[2] in {node.name for node in module.body if isinstance(node, ast.FunctionDef)}


def test_the_functions_that_hold_secrets_are_named() -> None:
    """What foreign code in a function could do depends on what the function may read."""
    [row] = [row for row in THREATS if row[0] == "a function runs foreign code"]
    readers = {name for name in functions() if "KEY_RING_SECRET" in variables(name)}

    assert set(re.findall(r"`(\w+)`", row[2].partition(" read the key ring")[0])) == readers

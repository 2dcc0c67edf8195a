"""docs/standards.md names existing tests, and has every RFC that the layer cites."""

import ast
import re

from tests.support.template import ROOT

PAGE = ROOT / "docs" / "standards.md"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `([\w/]+\.py)::(\w+)` \|$", re.MULTILINE)
RFC = re.compile(r"RFC (\d{4,5})")

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = ROW.findall(TEXT)


def test_every_row_of_the_page_is_read() -> None:
    """The pattern matches every row, so the tests below see every row."""
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| section |")]

    assert len(ROWS) == len(lines)


def test_every_named_test_is_one_that_there_is() -> None:
    """Each named test exists in the named file."""
    for section, _, file, name in ROWS:
        module = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        tests = {node.name for node in module.body if isinstance(node, ast.FunctionDef)}
        assert name in tests, f"{section}: {file}::{name}"


def test_every_rfc_that_the_layer_cites_is_on_the_page() -> None:
    """The page has a row with a test for each RFC in the layer's code."""
    code = (path.read_text(encoding="utf-8") for path in (ROOT / "layers").rglob("*.py"))
    cited = {number for text in code for number in RFC.findall(text)}

    assert cited - set(RFC.findall("\n".join(section for section, *_ in ROWS))) == set()

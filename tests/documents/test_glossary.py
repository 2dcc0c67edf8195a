"""docs/glossary.md names existing files and has the words of the rotation rule."""

import re

from edge_auth.sessions.rotation_rule import Outcome
from tests.support.template import ROOT

PAGE = ROOT / "docs" / "glossary.md"
PACKAGE = ROOT / "layers" / "edge_auth" / "edge_auth"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `([\w/]+\.py)` \|$", re.MULTILINE)
# These outcomes have no entry: their names explain them, or another entry does, such as "late retry" and "transport".
PLAIN = {
    *(Outcome.ROTATED, Outcome.UNKNOWN, Outcome.SEED_MISMATCH, Outcome.EXPIRED, Outcome.REUSED, Outcome.RETRIED_LATE),
    Outcome.WRONG_TRANSPORT,
}

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = ROW.findall(TEXT)
TERMS = [term for term, *_ in ROWS]


def test_every_row_of_the_page_is_read() -> None:
    """The pattern matches every row, so the tests below see every row."""
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| term |")]

    assert len(ROWS) == len(lines)


def test_every_term_is_where_the_page_says() -> None:
    """The file of each term exists."""
    for term, _, file in ROWS:
        assert (PACKAGE / file).is_file(), term


def test_the_terms_are_in_the_order_of_the_alphabet() -> None:
    """The terms are sorted, and each comes once."""
    names = [term.strip("`").casefold() for term in TERMS]

    assert names == sorted(set(names))


def test_every_outcome_of_a_refresh_is_explained() -> None:
    """The glossary has the outcomes that the log and the alarms name."""
    assert {outcome.value for outcome in set(Outcome) - PLAIN} <= set(TERMS)

"""docs/glossary.md names files that there are, and the words of the rotation rule."""

import re

from edge_auth.sessions.rotation_rule import Outcome
from tests.support.template import ROOT

PAGE = ROOT / "docs" / "glossary.md"
PACKAGE = ROOT / "layers" / "edge_auth" / "edge_auth"
ROW = re.compile(r"^\| ([^|]+) \| ([^|]+) \| `([\w/]+\.py)` \|$", re.MULTILINE)
# What needs no entry: the words say it, or another entry does.
PLAIN = {Outcome.ROTATED, Outcome.UNKNOWN, Outcome.SEED_MISMATCH, Outcome.EXPIRED, Outcome.REUSED}

TEXT = PAGE.read_text(encoding="utf-8")
ROWS = ROW.findall(TEXT)
TERMS = [term for term, *_ in ROWS]


def test_every_row_of_the_page_is_read() -> None:
    """A row in another form would be overlooked by the tests below."""
    lines = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| term |")]

    assert len(ROWS) == len(lines)


def test_every_term_is_where_the_page_says() -> None:
    """The file is there."""
    for term, _, file in ROWS:
        assert (PACKAGE / file).is_file(), term


def test_the_terms_are_in_the_order_of_the_alphabet() -> None:
    """Each once."""
    names = [term.strip("`").casefold() for term in TERMS]

    assert names == sorted(set(names))


def test_every_outcome_of_a_refresh_is_explained() -> None:
    """The log and the alarms use these words."""
    assert {outcome.value for outcome in set(Outcome) - PLAIN} <= set(TERMS)

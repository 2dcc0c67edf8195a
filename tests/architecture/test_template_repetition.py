"""The template has no repetition: Globals, a default or a YAML alias replaces it."""

import re
from collections import Counter

from tests.support.template import ROOT

RUN = 8


def lines(text: str) -> list[str]:
    """Return the lines without comments and empty lines, and with one space for any white space."""
    bare = (re.sub(r"(^|\s)#.*", "", line) for line in text.splitlines())
    return [" ".join(line.split()) for line in bare if line.strip()]


def repeated(text: str) -> list[str]:
    """Return the first line of each run of eight lines that comes twice or more."""
    found = lines(text)
    runs = Counter(tuple(found[start : start + RUN]) for start in range(len(found) - RUN + 1))
    return [run[0] for run, times in runs.items() if times > 1]


def test_no_eight_lines_stand_twice() -> None:
    """No run of eight lines comes twice in the template."""
    assert repeated((ROOT / "template.yaml").read_text(encoding="utf-8")) == []


def test_a_run_is_found_with_any_indentation_and_comments() -> None:
    """The search finds a repeated run, so the test above can fail."""
    run = [f"key{number}: value" for number in range(RUN)]
    again = [f"    {line}   # said again" for line in run]

    assert repeated("\n".join([*run, "# between", "", "other: 1", *again])) == ["key0: value"]
    assert repeated("\n".join([*run, "other: 1", *again[1:]])) == []

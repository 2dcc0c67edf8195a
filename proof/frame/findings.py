"""The faults of the product that were found on the way: what was wrong, what found it, and the test that keeps it away.

They are in proof/findings.toml, and docs/proof.md has them as a table.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.frame.results import ROOT, markdown

FILE = ROOT / "proof" / "findings.toml"


@dataclass(frozen=True)
class Finding:
    """One fault. `tests` are below tests/, and each fails if the fault comes back."""

    fault: str
    found_by: str
    tests: Sequence[str]


def findings() -> list[Finding]:
    """Return all of them. Raises TypeError: one lacks a part."""
    return [Finding(**row) for row in tomllib.loads(FILE.read_text(encoding="utf-8"))["findings"]]


def table() -> str:
    """Return the table, in Markdown."""
    rows = ((row.fault, row.found_by, ", ".join(f"`{test}`" for test in row.tests)) for row in findings())
    return markdown(("fault", "found by", "regression test"), rows)

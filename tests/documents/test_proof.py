"""docs/proof.md: each claim stands in its document, what shows it is there, and each figure is a result's."""

import re
from dataclasses import replace

import pytest

from benchmarks.frame.results import BENCHMARKS
from proof.frame import claims, findings, report, results
from proof.frame.claims import Claim
from proof.frame.findings import Finding
from proof.frame.results import PROOFS
from tests.support.template import ROOT

PAGE = report.PAGE.read_text(encoding="utf-8")
CLAIMS = [claim for rows in claims.claims().values() for claim in rows]
KEPT = {path.stem for path in results.FOLDER.glob("*.json")}
# Pages that make no promise of their own, and why.
WITHOUT_CLAIMS = {
    "CHANGELOG.md": "it says what has changed",
    "CONTRIBUTING.md": "it says how to work on the project",
    "docs/glossary.md": "it says what words mean",
    "docs/guides/README.md": "it lists the guides",
    "docs/proof.md": "it is made of the claims",
    "docs/reference.md": "it lists where things are written",
    "docs/requirements.md": "it defines each code; the tests that show one cite it",
    "docs/standards.md": "it names a test beside each line, and test_standards.py looks for it",
    "examples/README.md": "it lists the examples",
}
PAGES = (
    *("*.md", "docs/*.md", "docs/guides/*.md", "docs/migrate/*.md"),
    *("clients/*/README.md", "examples/README.md", "examples/*/README.md", "examples/services/*/README.md"),
)
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def words(text: str) -> str:
    """Return a text without the marks of Markdown, so that a claim may have a link or be broken over lines."""
    return " ".join(re.sub(r"\]\([^)]*\)", "]", text).translate({ord(mark): None for mark in "[]*"}).split())


def is_shown(by: str) -> bool:
    """Return whether a command or a test exists. Commands: `[NAME=value …] make target […]`."""
    if found := re.fullmatch(r"(?:[A-Z_]+=\S+ )*make ([a-z-]+)(?: (?:PROOFS|BENCHMARKS)=(\w+))?", by):
        return found[1] in TARGETS and (found[2] is None or found[2] in {**PROOFS, **BENCHMARKS})
    path, _, test = by.partition("::")
    file = ROOT / "tests" / path.removeprefix("tests/")
    return file.exists() and (not test or f"def {test}(" in file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.text[:50])
def test_a_claim_stands_in_its_document(claim: Claim) -> None:
    """A sentence that was changed needs a new look at what shows it."""
    assert words(claim.text) in words((ROOT / claim.of).read_text(encoding="utf-8"))


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.text[:50])
def test_what_shows_a_claim_exists(claim: Claim) -> None:
    """A test that was renamed shows nothing."""
    assert claim.shown_by
    assert [by for by in claim.shown_by if not is_shown(by)] == []
    assert claims.filled(claim.figure)


def test_every_page_has_a_claim_or_makes_none() -> None:
    """A new page has to say what it promises, or why it promises nothing."""
    pages = {path.relative_to(ROOT).as_posix() for pattern in PAGES for path in ROOT.glob(pattern)}

    assert pages - {claim.of for claim in CLAIMS} == WITHOUT_CLAIMS.keys()


@pytest.mark.parametrize("finding", findings.findings(), ids=lambda finding: finding.fault[:50])
def test_each_fault_that_was_found_has_a_test_that_exists(finding: Finding) -> None:
    """It is one test by its name, so that a reader finds the fault in it."""
    assert finding.found_by
    assert finding.tests
    assert [test for test in finding.tests if "::" not in test or not is_shown(test)] == []


@pytest.mark.parametrize(
    "by", ["unit/test_clock.py::test_nothing", "make nothing", "make prove PROOFS=nothing", "gone.py"]
)
def test_what_does_not_exist_shows_nothing(by: str) -> None:
    """Otherwise the test above could not fail."""
    assert not is_shown(by)


def test_a_figure_without_a_result_is_an_error() -> None:
    """So no claim has an empty figure."""
    with pytest.raises((KeyError, FileNotFoundError)):
        claims.filled("{requests.no_such_thing}")
    with pytest.raises(KeyError):
        claims.filled("{starts.rows.no such function.init_ms.median}")
    assert claims.filled("{imports.runs.first.users}").isdecimal()
    assert not claims.filled(replace(CLAIMS[0], figure="").figure)


def test_the_page_has_the_results() -> None:
    """`make figures` writes it."""
    assert report.filled(PAGE) == PAGE


def test_every_proof_is_on_the_page_with_its_long_form() -> None:
    """A short run is no result. A proof that nobody has run to its end says so, see `report.NO_RESULT`."""
    assert set(re.findall(r"<!-- proof: (\w+) -->", PAGE)) == {*report.WRITTEN, *PROOFS}
    assert [name for name in PROOFS if name in KEPT and results.read(name)["size"] != "long"] == []
    assert PAGE.count(report.NO_RESULT) == len(PROOFS.keys() - KEPT)


def test_no_kept_result_breaks_a_promise() -> None:
    """A result is committed even if it is bad news, but then this test says so."""
    broken = {name: results.proof(name).broken(_figures(name)) for name in KEPT}

    assert {name: lines for name, lines in broken.items() if lines} == {}


def _figures(name: str) -> results.Figures:
    kept = results.read(name)
    return results.Figures(kept["counts"], kept["measured"])

"""docs/requirements.md defines every requirement that the code and the tests cite by its code."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.template import ROOT

PAGE = ROOT / "docs" / "requirements.md"
NOT_YET = "*Not yet.*"
CODE = r"(?:DC-|S[ABCM]|[ABCDFIKLPTZ])[1-9]\d?"
CITATION = re.compile(rf"\b({CODE})(?:-({CODE}))?\b")
ROW = re.compile(rf"^\| ({CODE}) \| (.+) \| ([^|]+) \|$", re.MULTILINE)
FOLDERS = ("admin", "benchmarks", "docs", "functions", "layers", "local", "tests")
PREFIX = re.compile(r"\D+")


def texts() -> Iterator[Path]:
    """Yield every file that may cite a requirement."""
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".md", ".yaml", ".mjs"} and "node_modules" not in path.parts:
                yield path
    yield from ROOT.glob("*.md")
    yield ROOT / "template.yaml"


def codes_in(text: str) -> set[str]:
    """Return the codes that a text cites. `Z1-Z5` cites all five."""
    codes: set[str] = set()
    for first, last in CITATION.findall(text):
        prefix = PREFIX.match(first)
        assert prefix is not None
        start = int(first.removeprefix(prefix[0]))
        end = int(last.removeprefix(prefix[0])) if last else start
        codes |= {f"{prefix[0]}{number}" for number in range(start, end + 1)}
    return codes


def cited() -> dict[str, Path]:
    """Return each cited code with a file that cites it."""
    return {
        code: path
        for path in texts()
        if path not in {PAGE, Path(__file__)}
        for code in codes_in(path.read_text(encoding="utf-8"))
    }


ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))
DEFINED = {code: requirement for code, requirement, _ in ROWS}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("every row is refused (Z1-Z3, A9)", {"Z1", "Z2", "Z3", "A9"}),
        ("DC-11, F40: the SDK waits", {"DC-11", "F40"}),
        ("P-256, P256_BYTES, %A0, S3, RFC 7518", set()),
    ],
)
def test_a_citation_is_a_code_of_a_known_family(text: str, codes: set[str]) -> None:
    """A range cites each of its codes, and names that look alike are no citations."""
    assert codes_in(text) == codes


def test_every_row_of_the_page_is_read() -> None:
    """The pattern matches every row, so the tests below see every row."""
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]

    assert len(ROWS) == len([line for line in lines if not line.startswith("| code |")])


def test_every_cited_code_is_defined() -> None:
    """The page defines each code that a file cites."""
    assert {code: path for code, path in cited().items() if code not in DEFINED} == {}


def test_every_defined_code_is_cited_or_marked_not_yet() -> None:
    """A requirement is marked "not yet" exactly if no file cites it."""
    not_yet = {code for code, requirement in DEFINED.items() if NOT_YET in requirement}

    assert DEFINED.keys() - cited().keys() == not_yet


def test_every_defined_code_is_cited_by_a_test() -> None:
    """A requirement that only code or a document cites is shown by nothing."""
    tested = {
        code
        for path in (ROOT / "tests").rglob("*.py")
        if path != Path(__file__)
        for code in codes_in(path.read_text(encoding="utf-8"))
    }

    assert {code for code, requirement in DEFINED.items() if NOT_YET not in requirement} - tested == set()


def test_every_file_that_shows_a_case_is_there() -> None:
    """The cases in a browser name the files of their tests."""
    named = set(re.findall(r"`((?:tests|clients)/[^`]+)`", PAGE.read_text(encoding="utf-8")))

    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_a_code_is_defined_once() -> None:
    """Each code has one row, and the codes of a family are in order."""
    codes = [code for code, *_ in ROWS]

    assert len(codes) == len(set(codes))
    for family in {re.sub(r"\d+", "", code) for code in codes}:
        numbers = [int(code.removeprefix(family)) for code in codes if re.sub(r"\d+", "", code) == family]
        assert numbers == sorted(numbers), family


def test_every_requirement_is_a_sentence_with_a_source() -> None:
    """The source of a requirement is a standard or this project."""
    source = re.compile(r"edge-auth|RFC \d{4}|FAPI 2.0 |ASVS \d|NIST |OWASP ")

    for code, requirement, named in ROWS:
        assert requirement.removesuffix(NOT_YET).strip()[0].isupper() or requirement.startswith("`"), code
        assert source.match(named), code

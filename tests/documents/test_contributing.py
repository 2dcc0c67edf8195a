"""CONTRIBUTING.md describes the tests as they are."""

import re

from tests.support.template import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TESTS = ROOT / "tests"


def test_every_level_of_tests_is_described() -> None:
    """The page says what each folder of tests is for."""
    folders = {path.name for path in TESTS.iterdir() if path.is_dir() and any(path.rglob("*.py"))}
    described = set(re.findall(r"^\| (`tests/.*?) \|", TEXT, re.MULTILINE))

    assert set(re.findall(r"`tests/(\w+)`", "".join(described))) == folders - {"support"}


def test_every_variable_for_longer_tests_is_one_that_they_read() -> None:
    """A misspelt variable makes nothing longer."""
    sources = "".join(path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py"))
    described = re.findall(r"^\| `(EDGE_AUTH_\w+)=", TEXT, re.MULTILINE)

    assert len(described) > 3
    assert [name for name in described if f'"{name}"' not in sources] == []


def test_the_files_that_it_names_are_there() -> None:
    """A reader can open them."""
    layer = ROOT / "layers" / "edge_auth" / "edge_auth"
    for name in re.findall(r"`((?:tests|events|docs)/[\w./]+)`", TEXT):
        assert (ROOT / name).exists() or (layer / name).exists(), name

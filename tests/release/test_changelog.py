"""CHANGELOG.md has the form of Keep a Changelog, and a release takes its notes from there."""

import re
from datetime import date
from itertools import pairwise

import pytest

from release import changelog, source, tag
from release.failure import Failure
from tests.support.template import ROOT

OURS = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
SAMPLE = """# Changelog

## [Unreleased]

## [1.1.0] - 2026-03-04

### Fixed

- Two.

## [1.0.0] - 2026-01-02

- One.

[Unreleased]: ../../compare/v1.1.0...HEAD
[1.1.0]: ../../compare/v1.0.0...v1.1.0
[1.0.0]: ../../releases/tag/v1.0.0
"""


def test_the_notes_of_a_version_are_its_section() -> None:
    """Neither the heading nor the links nor another version is in them."""
    assert changelog.notes(SAMPLE, "1.1.0") == "### Fixed\n\n- Two."


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (SAMPLE.replace("1.1.0", "1.2.0"), "newest version"),
        (SAMPLE.replace("## [1.1.0] - 2026-03-04", "## [Unreleased]"), "newest version"),
        (SAMPLE.replace(" - 2026-03-04", ""), "no date"),
        (SAMPLE.replace("### Fixed\n\n- Two.\n", ""), "no text"),
    ],
    ids=["another version", "not yet a version", "no date", "no text"],
)
def test_a_version_without_a_section_is_refused(text: str, complaint: str) -> None:
    """A release without notes tells its users nothing."""
    with pytest.raises(Failure, match=complaint):
        changelog.notes(text, "1.1.0")


def test_a_tag_must_be_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """A tag of another version would publish files under the wrong name."""
    version = source.version()

    assert tag.main(f"v{version}") == 0
    assert capsys.readouterr().out.strip() == changelog.notes(OURS, version)
    for wrong in (version, f"v{version}.1", "v99.0.0"):
        assert tag.main(wrong) == 1
        assert f"the tag is {wrong}" in capsys.readouterr().err


def test_the_newest_version_is_that_of_the_source() -> None:
    """What is not yet in a version is above it."""
    first, newest, *_ = changelog.sections(OURS)

    assert (first.name, first.date) == (changelog.UNRELEASED, None)
    assert newest.name == source.version()


def test_every_version_has_a_date_and_the_versions_descend() -> None:
    """Keep a Changelog: the latest version comes first, each with its date."""
    released = changelog.sections(OURS)[1:]
    dates = [date.fromisoformat(section.date or "") for section in released]
    versions = [tuple(int(part) for part in section.name.split(".")) for section in released]

    assert dates == sorted(dates, reverse=True)
    assert versions == sorted(set(versions), reverse=True)


@pytest.mark.parametrize("text", [SAMPLE, OURS], ids=["a sample", "ours"])
def test_every_version_has_a_link_that_compares_it(text: str) -> None:
    """The links are relative to the file's page on GitHub, so they hold wherever the repository is."""
    names = [section.name for section in changelog.sections(text)]
    tags = ["HEAD", *(f"v{name}" for name in names[1:])]
    compared = [f"../../compare/{older}...{newer}" for newer, older in pairwise(tags)]
    expected = dict(zip(names, [*compared, f"../../releases/tag/{tags[-1]}"], strict=True))

    assert changelog.links(text) == expected


def test_every_kind_of_change_is_one_that_the_form_knows() -> None:
    """Keep a Changelog has six kinds."""
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}

    assert set(re.findall(r"^### (.+)$", OURS, re.MULTILINE)) <= kinds

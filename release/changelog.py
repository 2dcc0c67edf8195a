"""Reads CHANGELOG.md, which has the form of Keep a Changelog 1.1.0."""

import re
from dataclasses import dataclass

from release.failure import Failure

UNRELEASED = "Unreleased"
_HEADING = re.compile(r"^## \[(?P<name>[^\]]+)\](?: - (?P<date>\d{4}-\d{2}-\d{2}))?$", re.MULTILINE)
_LINK = re.compile(r"^\[(?P<name>[^\]]+)\]: (?P<target>\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Section:
    """One version: its name, its date as `YYYY-MM-DD` (None for what is unreleased), and its text."""

    name: str
    date: str | None
    text: str


def sections(changelog: str) -> list[Section]:
    """Return the sections, the newest first."""
    body = _LINK.sub("", changelog)
    headings = list(_HEADING.finditer(body))
    ends = [heading.start() for heading in headings[1:]] + [len(body)]
    return [
        Section(heading["name"], heading["date"], body[heading.end() : end].strip())
        for heading, end in zip(headings, ends, strict=True)
    ]


def links(changelog: str) -> dict[str, str]:
    """Return the target of the link of each version."""
    return {link["name"]: link["target"] for link in _LINK.finditer(changelog)}


def notes(changelog: str, version: str) -> str:
    """Return what changed in a version.

    Raises:
        Failure: the version is not the newest one, or has no date or no text.

    """
    released = [section for section in sections(changelog) if section.name != UNRELEASED]
    if not released or released[0].name != version:
        raise Failure(f"the newest version in CHANGELOG.md is not {version}")
    if not released[0].date or not released[0].text:
        raise Failure(f"CHANGELOG.md has no date or no text for {version}")
    return released[0].text

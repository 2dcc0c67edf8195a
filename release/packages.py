"""Finds the packages in a built layer, and the texts of their licences."""

import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from release.failure import Failure

_LICENCE_FILE = re.compile(r"(licen[cs]e|copying|notice|authors)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Package:
    """One package: its name as an index writes it (PEP 503), its version, its licence, and the licence's files."""

    name: str
    version: str
    licence: str
    texts: dict[str, Path]


def installed(site: Path) -> list[Package]:
    """Return the packages below `python/` of a layer, by name.

    Raises:
        Failure: there is no package, or one has no text of a licence.

    """
    found = sorted((_package(folder) for folder in site.glob("*.dist-info")), key=lambda package: package.name)
    if not found:
        raise Failure(f"there is no package in {site}")
    return found


def notice(packages: list[Package]) -> str:
    """Return the list of packages with their licences."""
    lines = [f"- {package.name} {package.version}: {package.licence}" for package in packages]
    return "\n".join(["The layer has these packages. Each has a folder with its licence.", "", *lines, ""])


def normal(name: str) -> str:
    """Return the one spelling of a package's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _package(folder: Path) -> Package:
    described = metadata.Distribution.at(folder).metadata
    name = normal(described["Name"])
    texts = {path.name: path for path in folder.rglob("*") if path.is_file() and _LICENCE_FILE.match(path.name)}
    if not texts:
        raise Failure(f"{name} has no text of its licence in the layer")
    # A package says its licence in the newer field or in the older one (PEP 639).
    fields = [field for field in ("License-Expression", "License") if field in described]
    licence = described[fields[0]].strip().splitlines()[0] if fields else "see its text"
    return Package(name, described["Version"], licence, texts)

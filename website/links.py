"""Where the links of the documents lead on the site.

The documents are written for the repository: a link is a path between two of its files. On the site a page is where
`docs/` has it. A few documents of the root are pages too. Any other file stays in the repository, so a link to it leads
to its address there.
"""

import posixpath
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = "docs/"
# The documents of the root that are pages, and their paths on the site.
ROOT_PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
# `](path#heading)`, unless it is an address, a heading of the same page, or an absolute path, which MkDocs refuses.
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|[#/])([^()\s#]+)((?:#[^()\s]*)?)(?=\))")
# `[label]: ../../path` leaves the files: GitHub's own pages, such as the comparison of two versions.
GITHUB_PAGE = re.compile(r"^(\[[^\]]+\]: )\.\./\.\./(\S+)$", re.MULTILINE)


class BrokenLinkError(Exception):
    """A link leads to no file of the repository."""


def document_of(page: str) -> str:
    """Return the path in the repository of a page of the site, such as `docs/scale.md` of `scale.md`."""
    return {at: document for document, at in ROOT_PAGES.items()}.get(page, DOCS + page)


def for_the_site(text: str, document: str, repository: str) -> str:
    """Return the text of a document with the links of the site.

    `document` is its path in the repository, and `repository` the address at which a browser sees the files.

    Raises:
        BrokenLinkError: a link leads to no file.

    """
    text = GITHUB_PAGE.sub(lambda link: f"{link[1]}{repository}/{link[2]}", text)
    return LINK.sub(lambda link: _target(link[1], document, repository) + link[2], text)


def _target(path: str, document: str, repository: str) -> str:
    file = posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
    if not (ROOT / file).exists():
        raise BrokenLinkError(f"{document} links to {path}, and there is no {file}")
    here, there = _page(document), _page(file)
    if here is None or there is None:
        kind = "tree" if (ROOT / file).is_dir() else "blob"
        return f"{repository}/{kind}/main/{file}"
    return posixpath.relpath(there, posixpath.dirname(here) or ".")


def _page(file: str) -> str | None:
    """Return the path on the site, or None for a file that is not there."""
    return ROOT_PAGES.get(file, file.removeprefix(DOCS) if file.startswith(DOCS) else None)

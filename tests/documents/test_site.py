"""mkdocs.yml and website/links.py: the site has every document, and its links lead there. `make docs` builds it."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from tests.support.template import ROOT
from website.links import ROOT_PAGES, BrokenLinkError, document_of, for_the_site

DOCS = ROOT / "docs"
REPOSITORY = "https://code.example/auth"


class Settings(yaml.SafeLoader):
    """Reads mkdocs.yml, where a value may come from the environment: the name of the variable, then the default."""


def default_of(loader: Settings, node: yaml.SequenceNode) -> object:
    """Return the default of a value."""
    return loader.construct_sequence(node)[1]


Settings.add_constructor("!ENV", default_of)
SITE: dict[str, Any] = yaml.load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"), Settings)  # noqa: S506 - a SafeLoader


def pages(nav: object) -> Iterator[str]:
    """Yield the pages of the navigation."""
    if isinstance(nav, str):
        yield nav
    entries = nav if isinstance(nav, list) else nav.values() if isinstance(nav, dict) else ()
    for entry in entries:
        yield from pages(entry)


def test_the_navigation_has_every_page_once() -> None:
    """No page can be found only by search. A decision is reached from their index, as MkDocs is told."""
    documents = {path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")}
    decisions = {path for path in documents if path.startswith("decisions/0")}
    index = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")

    assert sorted(pages(SITE["nav"])) == sorted({*documents, *ROOT_PAGES.values()} - decisions)
    assert SITE["not_in_nav"] == "/decisions/0*.md"
    assert {f"decisions/{name}" for name in re.findall(r"\]\((0[^)]+)\)", index)} == decisions


def test_a_link_that_leads_nowhere_ends_the_build() -> None:
    """Each kind of warning about links is on, and `strict` makes warnings errors."""
    assert SITE["strict"] is True
    assert set(SITE["validation"]["links"]) == {"not_found", "anchors", "absolute_links", "unrecognized_links"}
    assert {value for kind in SITE["validation"].values() for value in kind.values()} == {"warn"}


def test_the_site_loads_nothing_from_another_host() -> None:
    """No fonts of Google, no counter, no stars of GitHub's API (`repo_url`), and no Mermaid: its script is on a CDN."""
    assert SITE["theme"]["font"] is False
    assert not {"repo_url", "extra_javascript", "extra_css"} & set(SITE)
    assert set(SITE["extra"]) == {"repository", "generator"}
    for document in [*DOCS.rglob("*.md"), *(ROOT / name for name in ROOT_PAGES)]:
        assert "```mermaid" not in document.read_text(encoding="utf-8"), document.name


@pytest.mark.parametrize(
    ("document", "link", "on_the_site"),
    [
        ("docs/guides/limits.md", "[a](../../README.md#honest-limits)", "[a](../index.md#honest-limits)"),
        ("docs/guides/limits.md", "[a](proxy.md)", "[a](proxy.md)"),
        ("docs/scale.md", "[a](../template.yaml)", f"[a]({REPOSITORY}/blob/main/template.yaml)"),
        ("docs/guides/limits.md", "[`a`](../../examples)", f"[`a`]({REPOSITORY}/tree/main/examples)"),
        ("README.md", "![a](docs/figures/starts.svg)", "![a](figures/starts.svg)"),
        ("README.md", "[a](docs/guides/limits.md#device-tokens)", "[a](guides/limits.md#device-tokens)"),
        ("README.md", "[a](SECURITY.md) · [b](LICENSE)", f"[a](security.md) · [b]({REPOSITORY}/blob/main/LICENSE)"),
        ("docs/scale.md", "[a](#why) [b](https://aws.example/x.md)", "[a](#why) [b](https://aws.example/x.md)"),
    ],
)
def test_a_link_leads_to_a_page_or_to_the_repository(document: str, link: str, on_the_site: str) -> None:
    """A file that is no page has its address in the repository, at any depth."""
    assert for_the_site(link, document, REPOSITORY) == on_the_site


def test_a_page_of_github_has_its_address() -> None:
    """The changelog links to the comparison of two versions, which is no file."""
    assert for_the_site("[1]: ../../compare/a...b", "CHANGELOG.md", REPOSITORY) == f"[1]: {REPOSITORY}/compare/a...b"


def test_a_link_to_no_file_is_an_error() -> None:
    """MkDocs does not know the files outside of `docs/`."""
    with pytest.raises(BrokenLinkError, match=r"docs/scale\.md links to \.\./gone\.py, and there is no gone\.py"):
        for_the_site("[a](../gone.py)", "docs/scale.md", REPOSITORY)


def test_a_page_knows_its_document() -> None:
    """A page of the root is not below `docs/`."""
    assert [document_of("index.md"), document_of("guides/limits.md")] == ["README.md", "docs/guides/limits.md"]

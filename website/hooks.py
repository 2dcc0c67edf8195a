"""What MkDocs calls while it builds the site: pages from the root of the repository, and links for the site."""

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from website.links import ROOT, ROOT_PAGES, BrokenLinkError, document_of, for_the_site


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """Add the documents of the root."""
    for document, page in ROOT_PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / document).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs calls by name
    """Return the text of a page with the links of the site. Raises PluginError, which ends the build."""
    try:
        return for_the_site(markdown, document_of(page.file.src_uri), config.extra["repository"])
    except BrokenLinkError as error:
        raise PluginError(str(error)) from error

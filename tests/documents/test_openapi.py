"""docs/openapi.yaml as a document. tests/functional/test_openapi.py tests its requests and answers."""

import yaml

from edge_auth.flows.accounts import confirm_new_user
from tests.support.template import ROOT

DOCUMENT = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
METHODS = {"get", "head", "post", "patch", "delete", "options"}


def test_no_route_redirects() -> None:
    """A14: after a redirect a client may send a password or a token to another address (RFC 9700 §4.12)."""
    statuses = {
        (path, method, int(status))
        for path, operations in DOCUMENT["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
        for status in operation["responses"]
    }

    assert {status for *_, status in statuses if 300 <= status < 400} == {304}


def test_a_registration_takes_the_languages_that_the_document_allows() -> None:
    """A client that checks its request by the document is not refused for the language."""
    registration = DOCUMENT["components"]["schemas"]["Registration"]["properties"]

    assert registration["language"]["pattern"] == f"^{confirm_new_user._LANGUAGE.pattern}$"

"""docs/openapi.yaml as a document. tests/functional/test_openapi.py tests its requests and answers."""

import yaml

from tests.support.template import ROOT

METHODS = {"get", "head", "post", "patch", "delete", "options"}


def test_no_route_redirects() -> None:
    """A14: after a redirect a client may send a password or a token to another address (RFC 9700 §4.12)."""
    document = yaml.safe_load((ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    statuses = {
        (path, method, int(status))
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if method in METHODS
        for status in operation["responses"]
    }

    assert {status for *_, status in statuses if 300 <= status < 400} == {304}

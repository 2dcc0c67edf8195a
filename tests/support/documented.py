"""docs/openapi.yaml, and what an answer has to be to be as it says."""

from pathlib import Path
from typing import Any

import yaml
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.template import ROOT

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def read_document() -> dict[str, Any]:
    """Return the document of the API."""
    document: dict[str, Any] = yaml.safe_load(Path(ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
    return document

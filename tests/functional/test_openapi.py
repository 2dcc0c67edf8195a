import os
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.http_gateway import HttpGateway, routes
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event
from tests.support.stack import Stack
from tests.support.template import ROOT

DOCUMENT: dict[str, Any] = yaml.safe_load(Path(ROOT / "docs" / "openapi.yaml").read_text(encoding="utf-8"))
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = sorted((method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods)
# Of each operation and each kind of data. More, for a long look: EDGE_AUTH_EXAMPLES=2000.
EXAMPLES = int(os.environ.get("EDGE_AUTH_EXAMPLES", "60"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def test_the_document_has_the_templates_routes() -> None:
    """Neither a route too few nor one too many, such as one for debugging (L6)."""
    assert set(OPERATIONS) == set(routes())


def test_a_route_is_protected_in_the_document_where_it_is_in_the_template() -> None:
    """What needs an access token says so."""
    documented = {(method, path): "security" in DOCUMENT["paths"][path][method.lower()] for method, path in OPERATIONS}
    assert documented == {route: protected for route, (_, protected) in routes().items()}


def generated() -> list[tuple[str, str, GenerationMode]]:
    """Return what is tried: every operation with requests in order, and those that have a body with ones out of it."""
    kinds = {True: list(GenerationMode), False: [GenerationMode.POSITIVE]}
    return [
        (method, path, mode)
        for method, path in OPERATIONS
        for mode in kinds["requestBody" in DOCUMENT["paths"][path][method.lower()]]
    ]


@pytest.mark.parametrize(("method", "path", "mode"), generated())
def test_every_answer_is_in_the_document(stack: Stack, method: str, path: str, mode: GenerationMode) -> None:
    """Generated requests, in order and out of it: no 5xx, and every status, header and body as it is written (A12)."""
    tokens = stack.function("login")(login_event("ada", PASSWORD)).json
    gateway = HttpGateway(stack)

    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode), with_real_tokens=st.booleans())
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answers(case: schemathesis.Case[Any], *, with_real_tokens: bool) -> None:
        case.operation.app = gateway
        if with_real_tokens and isinstance(case.body, dict):
            case.body |= {name: tokens["refresh_token"] for name in ("refresh_token", "token") if name in case.body}
        response = case.call(headers={"Authorization": f"Bearer {tokens['access_token']}"})
        case.validate_response(response, checks=CHECKS)

    answers()

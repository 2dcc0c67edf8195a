import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from tests.support.browser import for_browsers, jar, site_login
from tests.support.documented import CHECKS, read_document
from tests.support.http_gateway import NONE, HttpGateway, routes
from tests.support.people import PASSWORD
from tests.support.sample_events import login_event
from tests.support.stack import Stack

DOCUMENT = read_document()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS = sorted((method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods)
# For each operation and each kind of data. Set EDGE_AUTH_EXAMPLES=2000 for a longer search.
EXAMPLES = int(os.environ.get("EDGE_AUTH_EXAMPLES", "12"))


def test_the_document_has_the_templates_routes() -> None:
    """The document has exactly the template's routes, without an extra one such as for debugging (L6)."""
    assert set(OPERATIONS) == set(routes())


def test_a_route_is_protected_in_the_document_where_it_is_in_the_template() -> None:
    """A route that needs an access token or a session cookie says so in the document."""
    schemes = {"AccessToken": "accessToken", "LivingSession": "accessToken", "SessionCookie": "sessionCookie"}
    documented = {
        (method, path): DOCUMENT["paths"][path][method.lower()].get("security") for method, path in OPERATIONS
    }
    assert documented == {
        route: [{schemes[authorizer]: []}] if authorizer != NONE else None
        for route, (_, authorizer) in routes().items()
    }


def generated() -> list[tuple[str, str, GenerationMode]]:
    """Return every operation with valid requests, and every operation that has a body with invalid ones too."""
    kinds = {True: list(GenerationMode), False: [GenerationMode.POSITIVE]}
    return [
        (method, path, mode)
        for method, path in OPERATIONS
        for mode in kinds["requestBody" in DOCUMENT["paths"][path][method.lower()]]
    ]


@pytest.mark.parametrize(("method", "path", "mode"), generated())
def test_every_answer_is_in_the_document(stack: Stack, method: str, path: str, mode: GenerationMode) -> None:
    """A12: generated valid and invalid requests get no 5xx, and every status, header and body is documented."""
    stack = for_browsers(stack).with_parameters(SecondFactor="optional")
    tokens = stack.function("login")(login_event("ada", PASSWORD)).json
    cookie = jar(stack.function("login")(site_login()))[0]
    gateway = HttpGateway(stack)
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    is_of_site = DOCUMENT["paths"][path][method.lower()].get("security") == [{"sessionCookie": []}]
    headers = {"Cookie": cookie, "Sec-Fetch-Site": "same-origin"} if is_of_site else bearer

    @given(case=SCHEMA[path][method].as_strategy(generation_mode=mode), with_real_tokens=st.booleans())
    @settings(max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    def answers(case: schemathesis.Case[Any], *, with_real_tokens: bool) -> None:
        case.operation.app = gateway
        if with_real_tokens and isinstance(case.body, dict):
            case.body |= {name: tokens["refresh_token"] for name in ("refresh_token", "token") if name in case.body}
        response = case.call(headers=headers)
        case.validate_response(response, checks=CHECKS)

    answers()

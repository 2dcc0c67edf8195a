"""Every log line of a function that answers HTTP names API Gateway's request, which is what a user can report."""

import logging
from typing import Any

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.web.request import MAX_BODY_BYTES
from tests.support.http_gateway import routes
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import AUTHORIZER_SAMPLES, login_event, logout_event, refresh_event, sample
from tests.support.stack import REQUEST_ID, LambdaContext, Stack

IDS = {
    "request_id": REQUEST_ID,
    "gateway_request_id": "6f1e2d3c-4b5a-4697-8877-665544332211",
    "gateway_extended_request_id": "Xm1cGEfUliAEPxA=",
}
SAMPLES = {
    **{name: name for name in ("login", "passkeys", "register", "password", "sessions", "jwks", "factors")},
    "refresh": "refresh-json",
    "logout": "logout-json",
    "ended_sessions": "ended-sessions",
    "passkey_sign_in": "passkeys-sign-in",
    "site_password": "site-password",
    "step_up": "step-up",
    "reset": "password-reset",
    "email": "email-change",
    "email_proofs": "email-confirm",
}


def ids_of(line: dict[str, Any]) -> dict[str, Any]:
    """Return the ids of a log line."""
    return {name: value for name, value in line.items() if name.endswith("request_id")}


def test_the_table_has_every_function_with_a_route() -> None:
    """A new function needs a sample here. `preflight` logs nothing, and the sample route `whoami` has no layer."""
    assert SAMPLES.keys() == {function for function, _ in routes().values()} - {"preflight", "whoami"}


@pytest.mark.parametrize("function", SAMPLES)
def test_a_refusal_names_its_request(stack: Stack, function: str) -> None:
    """L3: also where the request is refused before it is read."""
    for change in ({"httpMethod": "TRACE"}, {"body": "x" * (MAX_BODY_BYTES + 1)}):
        stack.function(function)({**sample(SAMPLES[function]), **change})

    lines = stack.output.log_lines()
    assert [ids_of(line) for line in lines] == [IDS] * 2
    assert [line["network"] for line in lines] == ["203.0.113.0/24"] * 2


@pytest.mark.parametrize("function", SAMPLES)
def test_an_unexpected_exception_names_its_request(stack: Stack, function: str) -> None:
    """L1, L3: the client has only the ids, and the log has the exception."""
    event = sample(SAMPLES[function])
    module = stack.module(function)
    stack.monkeypatch.setattr("edge_auth.web.endpoint.head_from", broken)

    assert module.handler(event, LambdaContext())["statusCode"] == TemporarilyUnavailable.status
    (line,) = stack.output.log_lines()
    assert (line["message"], ids_of(line)) == ("unexpected exception", IDS)


def broken(_event: object) -> None:
    """Fail, as no code of ours should."""
    raise RuntimeError


def test_every_security_event_names_its_request(stack: Stack) -> None:
    """A16, L3: success and failure, and no line has an id of the request before it."""
    login, refresh, logout = (stack.function(name) for name in ("login", "refresh", "logout"))
    login(login_event("ada", WRONG_PASSWORD))
    tokens = login(login_event("ada", PASSWORD)).json
    refresh(refresh_event(tokens["refresh_token"]))
    logout(logout_event(tokens["refresh_token"]))
    without = logout_event(tokens["refresh_token"])
    del without["requestContext"]["requestId"], without["requestContext"]["extendedRequestId"]
    logout({**without, "body": "{"})

    *lines, last = stack.output.log_lines()
    assert len(lines) >= 4
    assert [ids_of(line) for line in lines] == [IDS] * len(lines)
    assert ids_of(last) == {"request_id": REQUEST_ID}


@pytest.mark.parametrize("shape", AUTHORIZER_SAMPLES)
def test_a_denial_names_its_request_where_the_event_does(stack: Stack, shape: str) -> None:
    """Z15: API Gateway does not tell a TOKEN authorizer the ids, and an HTTP API has one."""
    module, event = stack.module("authorizer"), sample(AUTHORIZER_SAMPLES[shape])
    said: list[dict[str, str]] = []
    stack.monkeypatch.setattr(
        logging.getLogger("edge_auth.authorizer.event"), "info", lambda _text, extra: said.append(extra)
    )

    module.handler(event, None)

    (line,) = said
    context = event.get("requestContext", {})
    assert line.get("gateway_request_id") == context.get("requestId")
    assert line.get("gateway_extended_request_id") == context.get("extendedRequestId")

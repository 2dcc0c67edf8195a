"""Endpoints: every event gets an answer, and no exception leaves."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pytest

from edge_auth.errors import AuthError, InvalidGrant, InvalidRequest, TemporarilyUnavailable
from edge_auth.web.endpoint import Handler, endpoint
from edge_auth.web.request import Request
from edge_auth.web.response import Response
from tests.support.errors import ERRORS, example
from tests.support.sample_events import proxy_event


class RememberingLog:
    """A log that keeps what it is given, so that a test can read it."""

    def __init__(self) -> None:
        """Begin empty."""
        self.contexts: list[object] = []
        self.gateway_ids: Mapping[str, str] = {}
        self.networks: list[str] = []
        self.errors: list[Exception] = []

    def begin(self, context: object, gateway_ids: Mapping[str, str]) -> None:
        """Remember the context and the ids."""
        self.contexts.append(context)
        self.gateway_ids = gateway_ids

    def came_from(self, network: str) -> None:
        """Remember the network."""
        self.networks.append(network)

    def refused(self, error: AuthError) -> None:
        """Remember the error."""
        self.errors.append(error)

    def broken(self, error: Exception) -> None:
        """Remember the exception."""
        self.errors.append(error)


@pytest.fixture
def log() -> RememberingLog:
    """Return a log."""
    return RememberingLog()


def failing(error: Exception, log: RememberingLog) -> Handler:
    """Return a handler whose POST raises this error."""

    def post(_request: Request) -> Response:
        raise error

    return endpoint({"POST": post}, log)


def body_of(answer: dict[str, object]) -> dict[str, Any]:
    """Return the JSON body."""
    body: dict[str, Any] = json.loads(str(answer["body"]))
    return body


@pytest.mark.parametrize(
    ("address", "network"), [("203.0.113.7", "203.0.113.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48"), (None, "")]
)
def test_the_log_hears_of_the_network_and_not_of_the_address(
    log: RememberingLog, address: str | None, network: str
) -> None:
    """A16: the network comes from API Gateway. The client's headers have no influence."""
    event = proxy_event("{}")
    event["requestContext"]["identity"] = {"sourceIp": address}
    event["headers"]["X-Forwarded-For"] = "192.0.2.1"
    endpoint({"POST": lambda _request: Response(204)}, log)(event, "context")
    assert log.networks == [network]


@pytest.mark.parametrize("change", [{"body": "x" * 8193}, {"body": "%", "isBase64Encoded": True}, {"body": 5}])
def test_the_log_hears_of_the_network_of_a_body_that_cannot_be_read(
    log: RememberingLog, change: dict[str, object]
) -> None:
    """A16: the line of the refusal names it, behind a proxy the client's."""
    event = {**proxy_event("{}"), **change}
    event["requestContext"]["identity"] = {"sourceIp": "203.0.113.7"}
    event["headers"] |= {"X-Real-IP": "198.51.100.10", "Edge-Auth-Proxy-Secret": "s"}
    proxy = f"X-Real-IP:{sha256(b's').hexdigest()}"
    for setting in ("", proxy):
        endpoint({"POST": lambda _request: Response(204)}, log, trusted_proxy=setting)(event, "context")

    assert [str(error) for error in log.errors] == [str(log.errors[0])] * 2
    assert isinstance(log.errors[0], InvalidRequest)
    assert log.networks == ["203.0.113.0/24", "198.51.100.0/24"]


def test_a_method_is_answered_by_its_function(log: RememberingLog) -> None:
    """The function gets the request that was read."""
    handler = endpoint({"POST": lambda request: Response(200, {"path": request.path})}, log)
    answer = handler(proxy_event("{}"), "context")
    assert (answer["statusCode"], body_of(answer)) == (200, {"path": "/auth/refresh"})
    assert (log.contexts, log.errors) == (["context"], [])


@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE", "OPTIONS", "post", "TRACE", ""])
def test_other_methods_are_not_allowed_and_have_no_effect(log: RememberingLog, method: str) -> None:
    """The header `Allow` lists the allowed methods (A10, RFC 9110 §15.5.6)."""
    calls: list[Request] = []

    def post(request: Request) -> Response:
        calls.append(request)
        return Response(204)

    answer = endpoint({"POST": post, "PATCH": post}, log)(proxy_event("{}", method=method), None)
    assert answer["statusCode"] == 405
    assert method == "HEAD" or body_of(answer)["error"] == "method_not_allowed"
    headers = answer["headers"]
    assert isinstance(headers, dict)
    assert headers["Allow"] == "POST, PATCH"
    assert calls == []


@pytest.mark.parametrize(
    "outcome",
    [Response(200, {"a": "b"}), Response(304, None, {"ETag": '"x"'}), TemporarilyUnavailable(), RuntimeError()],
)
def test_head_is_answered_like_get_without_content(log: RememberingLog, outcome: Response | Exception) -> None:
    """The headers are the same, those of the content too, also for errors (RFC 9110 §9.3.2)."""

    def get(_request: Request) -> Response:
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    handler = endpoint({"GET": get, "HEAD": get}, log)
    got, headed = (handler(proxy_event(method=method), None) for method in ("GET", "HEAD"))
    assert headed == {**got, "body": ""}


@pytest.mark.parametrize("error", ERRORS)
def test_every_error_is_answered_and_told(log: RememberingLog, error: type[AuthError]) -> None:
    """No error leaves the handler as an exception, and each is logged (L1)."""
    raised = example(error)
    answer = failing(raised, log)(proxy_event("{}"), None)
    assert (answer["statusCode"], body_of(answer)["error"]) == (error.status, error.code)
    assert log.errors == [raised]


@pytest.mark.parametrize(
    "error",
    [RuntimeError("s3cret"), ValueError("s3cret"), KeyError("s3cret"), RecursionError("s3cret"), MemoryError("s3cret")],
)
def test_an_unexpected_exception_is_answered_like_an_outage(log: RememberingLog, error: Exception) -> None:
    """The answer is 503 with Retry-After, so a client keeps its session and learns no detail (DC-3, L1)."""
    answer = failing(error, log)(proxy_event("{}"), None)
    expected = failing(TemporarilyUnavailable(), RememberingLog())(proxy_event("{}"), None)
    assert answer == expected
    assert "s3cret" not in json.dumps(answer)
    assert log.errors == [error]


@pytest.mark.parametrize("event", [None, [], {}, "x", 5, {"httpMethod": "POST"}])
def test_another_event_is_a_malformed_request(log: RememberingLog, event: object) -> None:
    """The handler answers 400 and does not crash (L1)."""
    answer = failing(InvalidGrant(), log)(event, None)
    assert (answer["statusCode"], body_of(answer)["error"]) == (400, "invalid_request")


def test_a_response_that_cannot_be_written_is_an_outage(log: RememberingLog) -> None:
    """A bug in our own response body also gets an answer (L1)."""
    answer = endpoint({"POST": lambda _request: Response(200, {"x": object()})}, log)(proxy_event("{}"), None)
    assert answer["statusCode"] == 503


class BrokenLog(RememberingLog):
    """A log that fails at every call that this test makes."""

    def begin(self, context: object, gateway_ids: Mapping[str, str]) -> None:
        """Fail."""
        del gateway_ids
        raise RuntimeError(f"s3cret {context}")

    def broken(self, error: Exception) -> None:
        """Fail."""
        raise RuntimeError("s3cret") from error


def test_a_log_that_fails_costs_no_answer() -> None:
    """The handler guards the log, the routing and the writing of the response (L1)."""
    answer = endpoint({"POST": lambda _request: Response(204)}, BrokenLog())(proxy_event("{}"), None)
    assert (answer["statusCode"], body_of(answer)["error"]) == (503, "temporarily_unavailable")


@pytest.mark.parametrize("is_known", [True, False])
def test_each_answer_tells_the_browser_which_page_may_read_it(log: RememberingLog, *, is_known: bool) -> None:
    """C12: also an error, and an outage. Cookies are allowed only on the routes that say so."""
    origin = "https://app.example.com"
    event = {**proxy_event("{}"), "headers": {"Origin": origin if is_known else "https://evil.example"}}

    def post(_request: Request) -> Response:
        raise TemporarilyUnavailable

    for with_cookies in (True, False):
        handler = endpoint({"POST": post}, log, allowed_origins=origin, with_cookies=with_cookies)
        headers = handler(event, None)["headers"]
        assert isinstance(headers, dict)
        assert headers["Vary"] == "Origin"
        assert headers.get("Access-Control-Allow-Origin") == (origin if is_known else None)
        assert ("Access-Control-Allow-Credentials" in headers) is (with_cookies and is_known)
    unsaid = endpoint({"POST": post}, log, allowed_origins=origin)(event, None)["headers"]
    assert isinstance(unsaid, dict)
    assert "Access-Control-Allow-Credentials" not in unsaid
    alone = endpoint({"POST": post}, log)(event, None)["headers"]
    assert isinstance(alone, dict)
    assert "Vary" not in alone


def test_the_log_gets_the_ids_of_the_gateway(log: RememberingLog) -> None:
    """So an operator finds the lines of one request in all logs."""
    event = proxy_event("{}")
    event["requestContext"] |= {"requestId": "r-1", "extendedRequestId": "e-1"}

    endpoint({"POST": lambda _request: Response(204)}, log)(event, None)

    assert set(log.gateway_ids.values()) == {"r-1", "e-1"}

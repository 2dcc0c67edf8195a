"""Makes a Lambda handler from the functions of a route. Every event gets a response, and no exception leaves."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Protocol

from edge_auth.errors import AuthError, MethodNotAllowed, TemporarilyUnavailable
from edge_auth.request_ids import gateway_request_ids
from edge_auth.sessions.client_description import shown_network
from edge_auth.web.request import Request, request_from
from edge_auth.web.response import Response, error_response


class Log(Protocol):
    """Where an endpoint logs its requests."""

    def begin(self, context: object, gateway_ids: Mapping[str, str]) -> None:
        """Take the request id of Lambda's context, and API Gateway's ids, for all lines that follow."""

    def came_from(self, network: str) -> None:
        """Take the network of the request's source for all lines that follow."""

    def refused(self, error: AuthError) -> None:
        """Log a request that was answered with an error."""

    def broken(self, error: Exception) -> None:
        """Log an unexpected exception. Its message may quote a token or a password."""


Handler = Callable[[object, object], dict[str, object]]


def endpoint(methods: Mapping[str, Callable[[Request], Response]], log: Log, *, trusted_proxy: str = "") -> Handler:
    """Return a Lambda handler that answers each HTTP method with its function, and everything else with an error.

    An unexpected exception is answered like an outage, so that a client keeps its session. The answer to HEAD has no
    content: its function is the one of GET (RFC 9110 §9.3.2). `trusted_proxy` is the setting of `web.proxy`, if there
    is one.
    """
    viewer_address = None
    if trusted_proxy:
        from edge_auth.web.proxy import TrustedProxy  # noqa: PLC0415 - a deployment without a proxy does not load it

        viewer_address = TrustedProxy(trusted_proxy).viewer_address

    def handler(event: object, context: object) -> dict[str, object]:
        try:
            log.begin(context, gateway_request_ids(event))
            return without_content_for_head(event, respond(event).to_event())
        except Exception as error:  # noqa: BLE001 - the last line of defence
            with suppress(Exception):  # if the log fails too, the client still gets an answer
                log.broken(error)
            return without_content_for_head(event, error_response(TemporarilyUnavailable()).to_event())

    def respond(event: object) -> Response:
        try:
            request = request_from(event)
            if viewer_address is not None:
                request = request._replace(viewer_address=viewer_address(request.headers))
            log.came_from(shown_network(request.source_address))
            if request.method not in methods:
                raise MethodNotAllowed(methods)
            return methods[request.method](request)
        except AuthError as error:
            log.refused(error)
            return error_response(error)

    return handler


def without_content_for_head(event: object, answer: dict[str, object]) -> dict[str, object]:
    """Return the answer with the same headers, and without its content if the event is a HEAD request."""
    is_head = isinstance(event, dict) and event.get("httpMethod") == "HEAD"
    return {**answer, "body": ""} if is_head else answer

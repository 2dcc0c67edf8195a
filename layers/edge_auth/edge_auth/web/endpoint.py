"""Makes a Lambda handler from the functions of a route. Every event gets a response, and no exception leaves."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Protocol

from edge_auth.errors import AuthError, MethodNotAllowed, TemporarilyUnavailable
from edge_auth.request_ids import gateway_request_ids
from edge_auth.sessions.client_description import shown_network
from edge_auth.web.request import Headers, Request, body_from, head_from, headers_of
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


def endpoint(
    methods: Mapping[str, Callable[[Request], Response]],
    log: Log,
    *,
    trusted_proxy: str = "",
    allowed_origins: str = "",
    with_cookies: bool = False,
) -> Handler:
    """Return a Lambda handler that answers each HTTP method with its function, and everything else with an error.

    An unexpected exception is answered like an outage, so that a client keeps its session. The answer to HEAD has no
    content: its function is the one of GET (RFC 9110 §9.3.2). `trusted_proxy` is the setting of `web.proxy`, and
    `allowed_origins` that of `web.cors`, if there is one. `with_cookies` says that the route reads cookies.
    """
    viewer_address, cors_headers = (
        _viewer_address(trusted_proxy),
        _cors_headers(allowed_origins, with_cookies=with_cookies),
    )

    def handler(event: object, context: object) -> dict[str, object]:
        try:
            log.begin(context, gateway_request_ids(event))
            return sent(event, respond(event))
        except Exception as error:  # noqa: BLE001 - the last line of defence
            with suppress(Exception):  # if the log fails too, the client still gets an answer
                log.broken(error)
            return sent(event, error_response(TemporarilyUnavailable()))

    def respond(event: object) -> Response:
        try:
            head = head_from(event)
            head = head._replace(viewer_address=viewer_address(head.headers))
            log.came_from(shown_network(head.source_address))  # also of a request whose body is refused
            request = head._replace(body=body_from(event))
            if request.method not in methods:
                raise MethodNotAllowed(methods)
            return methods[request.method](request)
        except AuthError as error:
            log.refused(error)
            return error_response(error)

    def sent(event: object, response: Response) -> dict[str, object]:
        shared = response.with_headers(cors_headers(headers_of(event)))
        return without_content_for_head(event, shared.to_event())

    return handler


def _viewer_address(trusted_proxy: str) -> Callable[[Headers], str]:
    """Return what finds the client behind the proxy. A deployment without a proxy does not load it."""
    if not trusted_proxy:
        return lambda _headers: ""
    from edge_auth.web.proxy import TrustedProxy  # noqa: PLC0415 - see above

    return TrustedProxy(trusted_proxy).viewer_address


def _cors_headers(allowed_origins: str, *, with_cookies: bool) -> Callable[[Headers], dict[str, str]]:
    """Return what writes the headers for pages of other origins. A deployment without browsers does not load it."""
    if not allowed_origins:
        return lambda _headers: {}
    from edge_auth.web.cors import Cors  # noqa: PLC0415 - see above

    return partial(Cors(allowed_origins).answer_headers, with_cookies=with_cookies)


def without_content_for_head(event: object, answer: dict[str, object]) -> dict[str, object]:
    """Return the answer with the same headers, and without its content if the event is a HEAD request."""
    is_head = isinstance(event, dict) and event.get("httpMethod") == "HEAD"
    return {**answer, "body": ""} if is_head else answer

"""Wraps a handler: an event in, a response out, and no way for an exception to leave."""

from collections.abc import Callable, Mapping
from typing import Protocol

from edge_auth.errors import AuthError, MethodNotAllowed, TemporarilyUnavailable, TooManyAttempts
from edge_auth.sessions.client_description import network_of
from edge_auth.web.request import Request, request_from
from edge_auth.web.response import Response, error_response


class Log(Protocol):
    """What an endpoint tells of its requests."""

    def begin(self, context: object) -> None:
        """Take the request id of Lambda's context for all that follows."""

    def came_from(self, network: str) -> None:
        """Take the network of the request's source for all that follows."""

    def refused(self, error: AuthError) -> None:
        """Tell of a request that was answered with an error."""

    def broken(self, error: Exception) -> None:
        """Tell of an exception that nobody expected. Its message may quote a token or a password."""


Handler = Callable[[object, object], dict[str, object]]


def endpoint(methods: Mapping[str, Callable[[Request], Response]], log: Log) -> Handler:
    """Return a Lambda handler that answers each HTTP method with its function, and everything else with an error.

    What nobody expected is answered like an outage, so that a client keeps its session.
    """

    def handler(event: object, context: object) -> dict[str, object]:
        log.begin(context)
        try:
            request = request_from(event)
            log.came_from(network_of(request.source_address))
            return _dispatch(methods, request).to_event()
        except MethodNotAllowed as error:
            log.refused(error)
            return error_response(error, {"Allow": ", ".join(methods)}).to_event()  # RFC 9110 §15.5.6
        except TooManyAttempts as error:
            log.refused(error)
            return error_response(error, {"Retry-After": str(error.retry_after_seconds)}).to_event()
        except AuthError as error:
            log.refused(error)
            return error_response(error).to_event()
        except Exception as error:  # noqa: BLE001 - the last line of defence
            log.broken(error)
            return error_response(TemporarilyUnavailable()).to_event()

    return handler


def _dispatch(methods: Mapping[str, Callable[[Request], Response]], request: Request) -> Response:
    if request.method not in methods:
        raise MethodNotAllowed
    return methods[request.method](request)

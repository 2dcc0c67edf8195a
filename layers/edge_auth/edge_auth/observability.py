"""The log of the functions: one JSON line an event, and no secret in it.

Only the fields that are named here are logged: never a request, a header, a body or an exception's message.
"""

import traceback
from collections.abc import Mapping
from types import MappingProxyType

from aws_lambda_powertools import Logger

from edge_auth.errors import AuthError, TemporarilyUnavailable
from edge_auth.events.security_event import SecurityEvent
from edge_auth.request_ids import FIELDS

NO_IDS: Mapping[str, str] = MappingProxyType({})


class FunctionLog:
    """The log of one function. Its level is Lambda's own setting (`ApplicationLogLevel`)."""

    def __init__(self, function: str) -> None:
        """Log under this function's name."""
        # Lambda filters a line by its level only if it has an RFC 3339 timestamp. It takes any other line for INFO.
        self._logger = Logger(service=function, utc=True, use_rfc3339=True)

    def begin(self, context: object, gateway_ids: Mapping[str, str] = NO_IDS) -> None:
        """Name the invocation in every line that follows, and API Gateway's request if it is one."""
        self._logger.remove_keys(["network", *FIELDS.values()])
        self._logger.append_keys(request_id=getattr(context, "aws_request_id", ""), **gateway_ids)

    def came_from(self, network: str) -> None:
        """Name the network of the request's source in every line that follows, never the whole address."""
        self._logger.append_keys(network=network)

    def record(self, event: SecurityEvent) -> None:
        """Log a security event, at the level of an error or of information.

        A warning is not enough: Powertools calls that level WARNING, and the levels that Lambda names have WARN only.
        A line whose level Lambda does not know counts as INFO, so `LogLevel=WARN` could drop it.
        """
        log = self._logger.error if event.is_error else self._logger.info
        log(event.name.value, extra={"event": event.name.value, **event.fields()})

    def keys_checked(self, signing_key_age_seconds: int) -> None:
        """Log that the key ring is up to date, and for how long its key has signed."""
        self._logger.info("keys checked", extra={"signing_key_age_seconds": signing_key_age_seconds})

    def refused(self, error: AuthError) -> None:
        """Log a request that was answered with an error, with the detail that the client does not get."""
        log = self._logger.error if isinstance(error, TemporarilyUnavailable) else self._logger.info
        log("request refused", extra={"error": error.code, "detail": error.detail})

    def broken(self, error: Exception) -> None:
        """Log an unexpected exception: its type and the lines that led to it, never its message."""
        frames = traceback.extract_tb(error.__traceback__)
        where = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        self._logger.error("unexpected exception", extra={"exception": type(error).__name__, "where": where})

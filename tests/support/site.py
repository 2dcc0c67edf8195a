"""Requests to the pages of a site, as the authorizer of session cookies gets them, and the sessions of its users."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from tests.support.browser import SESSION_COOKIE, jar, site_login, token_in, with_header
from tests.support.sample_events import Event, sample
from tests.support.stack import Answer, Stack

SHAPES = {
    "REQUEST 1.0": "session-authorizer-request-1.0",
    "REQUEST 2.0": "session-authorizer-request-2.0",
    "WebSocket": "session-authorizer-websocket",
}
"""The sample event for each kind of API."""


def visit(
    *cookies: str, shape: str = "REQUEST 1.0", method: str = "GET", headers: Mapping[str, str | None] | None = None
) -> Event:
    """Return the event of a request with these cookies, from a link or the address bar. A header None is absent."""
    event = sample(SHAPES[shape])
    given = {"Cookie": "; ".join(cookies) or None, **(headers or {})}
    if shape == "REQUEST 2.0":
        event["cookies"] = list(cookies)
        event["requestContext"]["http"]["method"] = method
        for name, value in (headers or {}).items():
            event["headers"].pop(name.lower(), None)
            if value is not None:
                event["headers"][name.lower()] = value
        return event
    if shape == "REQUEST 1.0":
        event["httpMethod"] = event["requestContext"]["httpMethod"] = method
    for name, value in given.items():
        with_header(event, name, *([] if value is None else [value]))
    return event


def cookie(token: str) -> str:
    """Return the session cookie with this value."""
    return f"{SESSION_COOKIE}={token}"


def signed_in(stack: Stack) -> tuple[str, Answer]:
    """Log ada in at a site. Return the cookie as a browser sends it, and the answer."""
    answer = stack.function("login")(site_login())
    assert answer.status == 200
    stack.secrets.keep(token_in(answer.cookies[0]), kind="cookie")
    return jar(answer)[0], answer


@dataclass
class Calls:
    """The calls of an authorizer to its table. A test may let some fail, before or after they have their effect."""

    module: ModuleType
    made: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    lost_before: str = ""  # this operation does not arrive
    lost_after: str = ""  # the answer to this operation does not arrive

    def __post_init__(self) -> None:
        """Stand between the authorizer and its table."""
        self._stored = self.module.table.call
        self.module.table.call = self.call

    def call(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """Call, and remember the call."""
        self.made.append((operation, parameters))
        if operation == self.lost_before:
            raise RequestFailed("injected")
        reply: Reply = self._stored(operation, parameters)
        if operation == self.lost_after:
            raise RequestFailed("injected")
        return reply

    @property
    def operations(self) -> list[str]:
        """The names of the operations, in order."""
        return [operation for operation, _ in self.made]

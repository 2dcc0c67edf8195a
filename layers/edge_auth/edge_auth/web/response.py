"""Responses, as API Gateway's proxy integration takes them."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from edge_auth.errors import AuthError

HeaderValues = Mapping[str, str | tuple[str, ...]]
"""Headers by name. A tuple is sent as several headers of one name, such as Set-Cookie."""

NO_STORE: HeaderValues = MappingProxyType({"Cache-Control": "no-store"})  # RFC 6749 §5.1

_SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",  # RFC 6797; ASVS 3.4.1
    "X-Content-Type-Options": "nosniff",
}


class Response(NamedTuple):
    """One response. `body` None is no body; anything else is sent as JSON."""

    status: int
    body: object = None
    headers: HeaderValues = NO_STORE

    def with_headers(self, headers: HeaderValues) -> "Response":
        """Return the response with these headers too."""
        return self._replace(headers={**self.headers, **headers})

    def to_event(self) -> dict[str, object]:
        """Return the response as API Gateway expects it."""
        single = {name: value for name, value in self.headers.items() if isinstance(value, str)}
        several = {name: list(values) for name, values in self.headers.items() if not isinstance(values, str)}
        headers, body = {**_SECURITY_HEADERS, **single}, ""
        if self.body is not None:
            headers["Content-Type"] = "application/json; charset=utf-8"
            body = json.dumps(self.body, separators=(",", ":"))
        event: dict[str, object] = {"statusCode": self.status, "headers": headers, "body": body}
        return {**event, "multiValueHeaders": several} if several else event


def error_response(error: AuthError) -> Response:
    """Return the response to an error, with only what the client may know: RFC 6749 §5.2."""
    body = {"error": error.code, "error_description": error.description, **error.members}
    return Response(error.status, body, {**NO_STORE, **error.headers})

"""API Gateway's proxy event (payload format 1.0) as a request.

A malformed or too large event raises InvalidRequest before anything else happens. Query parameters are never read,
because a token does not belong in a URL (RFC 9700 §4.3.2).
"""

import base64
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple, NoReturn

from edge_auth.errors import InvalidRequest

MAX_BODY_BYTES = 8192


class Headers:
    """The headers of a request, by name in any case (RFC 9110 §5.1)."""

    def __init__(self, last: Mapping[str, tuple[str, ...]], every: Mapping[str, tuple[str, ...]]) -> None:
        """Keep the values by lower-case name. `last` has the last value of each spelling, `every` has all values."""
        self._last = last
        self._every = every

    def one(self, name: str) -> str:
        """Return the value of a header, the last one of several.

        It is empty if the header is absent, or came in two spellings: then its last value is unknown.
        """
        values = self._last.get(name.lower(), ())
        return values[0] if len(values) == 1 else ""

    def all(self, name: str) -> tuple[str, ...]:
        """Return all values of a header, in the order in which they came."""
        return self._every.get(name.lower(), ())


NO_HEADERS = Headers({}, {})


class Request(NamedTuple):
    """One request. `context` is API Gateway's request context.

    `path` is the route, such as `/auth/sessions/{session_id}`. `path_parameters` are the values of the names in braces.
    `viewer_address` is the client's address as a trusted proxy names it, empty if there is none.
    """

    method: str
    path: str
    body: bytes
    context: Mapping[str, object]
    headers: Headers = NO_HEADERS
    path_parameters: Mapping[str, str] = MappingProxyType({})
    viewer_address: str = ""

    @property
    def media_type(self) -> str:
        """The media type of the body: lower case, without parameters, empty if the request names none."""
        return self.headers.one("content-type").partition(";")[0].strip().lower()

    @property
    def source_address(self) -> str:
        """The address that a trusted proxy names, or else the one that API Gateway saw, empty if it names none.

        No other header counts: a client can write any (P14).
        """
        if self.viewer_address:
            return self.viewer_address
        identity = self.context.get("identity")
        address = identity.get("sourceIp") if isinstance(identity, dict) else None
        return address if isinstance(address, str) else ""


def request_from(event: object) -> Request:
    """Read an event.

    Raises:
        InvalidRequest: not a proxy event of REST APIs, or a body that is too large or damaged.

    """
    return head_from(event)._replace(body=body_from(event))


def head_from(event: object) -> Request:
    """Read an event, and leave the body empty.

    Raises:
        InvalidRequest: not a proxy event of REST APIs.

    """
    if not isinstance(event, dict):
        _refuse("event")
    method, path, context = event.get("httpMethod"), event.get("resource"), event.get("requestContext")
    if not isinstance(method, str) or not isinstance(path, str) or not isinstance(context, dict):
        _refuse("event")
    return Request(
        method=method,
        path=path,
        body=b"",
        context=context,
        headers=headers_of(event),
        path_parameters=_texts(event.get("pathParameters")),
    )


def body_from(event: object) -> bytes:
    """Read the body of any event, empty if there is none.

    Raises:
        InvalidRequest: it is too large or damaged.

    """
    members = event if isinstance(event, dict) else {}
    return _body(members.get("body"), is_base64=members.get("isBase64Encoded") is True)


def headers_of(event: object) -> Headers:
    """Read the headers of any event. It never raises: what is no header is left out.

    REST APIs put the last value of each name in `headers`, and all values in `multiValueHeaders`.
    """
    members = event if isinstance(event, dict) else {}
    multiple = members.get("multiValueHeaders")
    last, every = dict[str, list[str]](), dict[str, list[str]]()
    for name, value in _texts(members.get("headers")).items():
        last.setdefault(name.lower(), []).append(value)
    for name, values in (multiple if isinstance(multiple, dict) else {}).items():
        texts = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
        every.setdefault(name.lower(), []).extend(texts)
    return Headers(_fixed(last), _fixed(every or last))


def _fixed(values: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(texts) for name, texts in values.items()}


def _texts(members: object) -> dict[str, str]:
    texts = members if isinstance(members, dict) else {}
    return {name: value for name, value in texts.items() if isinstance(name, str) and isinstance(value, str)}


def _body(body: object, *, is_base64: bool) -> bytes:
    if body is None:
        return b""
    if not isinstance(body, str) or len(body) > MAX_BODY_BYTES * 2:
        _refuse("body")
    try:
        raw = base64.b64decode(body, validate=True) if is_base64 else body.encode("utf-8")
    except ValueError:
        _refuse("body encoding")
    if len(raw) > MAX_BODY_BYTES:
        _refuse("body size")
    return raw


def _refuse(detail: str) -> NoReturn:
    raise InvalidRequest(detail)

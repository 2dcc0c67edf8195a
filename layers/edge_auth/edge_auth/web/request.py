"""API Gateway's proxy event (payload format 1.0) as a request whose parameters were read strictly.

Whatever is malformed, ambiguous or too large is InvalidRequest, before anything else happens. Query parameters are
never read: a token does not belong in a URL (RFC 9700 §4.3.2).
"""

import base64
import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, NoReturn
from urllib.parse import parse_qsl

from edge_auth.errors import InvalidRequest, UnsupportedMediaType

MAX_BODY_BYTES = 8192
MAX_FORM_FIELDS = 32
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Request(NamedTuple):
    """One request. `context` is API Gateway's request context; `media_type` is lower case, without parameters.

    `path` is the route, as in `/auth/sessions/{session_id}`, and `path_parameters` is what stands in such places.

    `if_none_match` and `user_agent` are those headers (RFC 9110 §13.1.2, §10.1.5), empty where there is none.
    """

    method: str
    path: str
    media_type: str
    body: bytes
    context: Mapping[str, object]
    if_none_match: str = ""
    user_agent: str = ""
    path_parameters: Mapping[str, str] = MappingProxyType({})

    @property
    def source_address(self) -> str:
        """The address that API Gateway saw, empty where it names none. Headers are the client's own words (P14)."""
        identity = self.context.get("identity")
        address = identity.get("sourceIp") if isinstance(identity, dict) else None
        return address if isinstance(address, str) else ""


def request_from(event: object) -> Request:
    """Read an event.

    Raises:
        InvalidRequest: not a proxy event of REST APIs, or a body that is too large or damaged.

    """
    if not isinstance(event, dict):
        _refuse("event")
    method, path, context = event.get("httpMethod"), event.get("resource"), event.get("requestContext")
    if not isinstance(method, str) or not isinstance(path, str) or not isinstance(context, dict):
        _refuse("event")
    return Request(
        method=method,
        path=path,
        media_type=_media_type(event.get("headers")),
        body=_body(event.get("body"), is_base64=event.get("isBase64Encoded") is True),
        context=context,
        if_none_match=_header(event.get("headers"), "if-none-match"),
        user_agent=_header(event.get("headers"), "user-agent"),
        path_parameters=_texts(event.get("pathParameters")),
    )


def json_parameters(request: Request) -> dict[str, object]:
    """Read the body as one JSON object without duplicate members, at any depth (RFC 8259 §4). An empty text is absent.

    Raises:
        InvalidRequest: anything else.
        UnsupportedMediaType: the body says it is something else.

    """
    if request.media_type != JSON:
        raise UnsupportedMediaType
    try:
        parameters = json.loads(
            request.body.decode("utf-8"), object_pairs_hook=_members_once, parse_constant=_no_such_number
        )
    except (ValueError, RecursionError):
        _refuse("not JSON")
    if not isinstance(parameters, dict):
        _refuse("not a JSON object")
    return _present(parameters)


def form_parameters(request: Request) -> dict[str, object]:
    """Read the body as a form in which no parameter comes twice. An empty value is absent: RFC 6749 §3.2.

    Raises:
        InvalidRequest: anything else.
        UnsupportedMediaType: the body says it is something else.

    """
    if request.media_type != FORM:
        raise UnsupportedMediaType
    try:
        pairs = parse_qsl(
            request.body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(request.body),
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:
        _refuse("not a form")
    return _present(_members_once(pairs))


def text_parameter(parameters: Mapping[str, object], name: str) -> str:
    """Return a text that must be there.

    Raises:
        InvalidRequest: it is missing, no text, or not Unicode (a lone surrogate).

    """
    value = parameters.get(name)
    if not isinstance(value, str):
        _refuse(f"{name} is not a text")
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        _refuse(f"{name} is not Unicode text")
    return value


def flag_parameter(parameters: Mapping[str, object], name: str) -> bool:
    """Return a flag, False where it is absent.

    Raises:
        InvalidRequest: it is neither true nor false.

    """
    value = parameters.get(name, False)
    if not isinstance(value, bool):
        _refuse(f"{name} is not a flag")
    return value


def _media_type(headers: object) -> str:
    return _header(headers, "content-type").partition(";")[0].strip().lower()


def _texts(members: object) -> dict[str, str]:
    texts = members if isinstance(members, dict) else {}
    return {name: value for name, value in texts.items() if isinstance(name, str) and isinstance(value, str)}


def _header(headers: object, wanted: str) -> str:
    if not isinstance(headers, dict):
        return ""
    # RFC 9110 §5.1: names are case-insensitive, and REST APIs pass them on as they came.
    values = [value for name, value in headers.items() if str(name).lower() == wanted]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


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


def _members_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        _refuse("a parameter comes twice")
    return members


def _present(parameters: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in parameters.items() if value != ""}


def _no_such_number(_text: str) -> NoReturn:
    _refuse("not a JSON number")


def _refuse(detail: str) -> NoReturn:
    raise InvalidRequest(detail)

"""The parameters in the body of a request, read strictly: as JSON or as a form, no parameter twice.

An empty text counts as absent, in a form (RFC 6749 §3.2) and in JSON.
"""

from collections.abc import Mapping
from typing import NoReturn
from urllib.parse import parse_qsl

from edge_auth.errors import InvalidRequest, UnsupportedMediaType
from edge_auth.strict_json import NotStrictJson, json_object, members_once
from edge_auth.web.request import Request

MAX_FORM_FIELDS = 32
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Parameters:
    """The parameters of one request, by name. Every method raises InvalidRequest for a value of another type."""

    def __init__(self, values: Mapping[str, object]) -> None:
        """Keep the parameters that are present."""
        self._values = {name: value for name, value in values.items() if value != ""}

    def text(self, name: str) -> str:
        """Return a required text."""
        value = self._values.get(name)
        if not isinstance(value, str):
            _refuse(f"{name} is not a text")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate
            _refuse(f"{name} is not Unicode text")
        return value

    def optional_text(self, name: str, default: str = "") -> str:
        """Return a text, or the default if it is absent."""
        return self.text(name) if name in self._values else default

    def flag(self, name: str) -> bool:
        """Return a flag, or False if it is absent."""
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            _refuse(f"{name} is not a flag")
        return value


def json_parameters(request: Request) -> Parameters:
    """Read the body as one JSON object without duplicate members, at any depth.

    Raises:
        InvalidRequest: anything else.
        UnsupportedMediaType: the request says that its body is something else.

    """
    if request.media_type != JSON:
        raise UnsupportedMediaType
    try:
        return Parameters(json_object(request.body))
    except NotStrictJson as error:
        _refuse(f"JSON: {error}")


def form_parameters(request: Request) -> Parameters:
    """Read the body as a form.

    Raises:
        InvalidRequest: anything else.
        UnsupportedMediaType: the request says that its body is something else.

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
        return Parameters(members_once(pairs))
    except ValueError:
        _refuse("not a form")


def _refuse(detail: str) -> NoReturn:
    raise InvalidRequest(detail)

"""The parameters in the body of a request, read strictly: as JSON or as a form.

An unknown parameter is ignored, and a parameter without a value counts as absent (RFC 6749 §3.2): an empty text, and
`null` in JSON. A parameter that is read comes only once. A JSON object has no duplicate member, known or unknown.
"""

from collections import Counter
from collections.abc import Collection, Mapping
from typing import NoReturn
from urllib.parse import parse_qsl

from edge_auth.errors import InvalidRequest, UnsupportedMediaType
from edge_auth.strict_json import NotStrictJson, json_object
from edge_auth.web.request import Request

MAX_FORM_FIELDS = 32
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"


class Parameters:
    """The parameters of one request, by name.

    A value of another type, and a parameter that came more than once, raise InvalidRequest.
    """

    def __init__(self, values: Mapping[str, object], *, repeated: Collection[str] = ()) -> None:
        """Keep the parameters that have a value. `repeated` names those that came more than once."""
        self._values = {name: value for name, value in values.items() if value is not None and value != ""}
        self._repeated = repeated

    def has(self, name: str) -> bool:
        """Return whether a parameter came with a value, once or more often."""
        return name in self._repeated or name in self._values

    def text(self, name: str) -> str:
        """Return a required text."""
        value = self._once(name)
        if not isinstance(value, str):
            _refuse(f"{name} is not a text")
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:  # a lone surrogate
            _refuse(f"{name} is not Unicode text")
        return value

    def optional_text(self, name: str, default: str = "") -> str:
        """Return a text, or the default if it is absent."""
        return default if self._once(name) is None else self.text(name)

    def any_text(self, name: str) -> str:
        """Return a text, or an empty one for anything else. It never raises."""
        value = self._values.get(name)
        return value if isinstance(value, str) and name not in self._repeated else ""

    def members(self, name: str) -> "Parameters":
        """Return the members of a required object."""
        value = self._once(name)
        if not isinstance(value, dict):
            _refuse(f"{name} is not an object")
        return Parameters(value)

    def texts(self, name: str, *, at_most: int) -> tuple[str, ...]:
        """Return a list of texts, empty if it is absent."""
        value = self._once(name)
        texts = value if isinstance(value, list) else []
        if (value is not None and value is not texts) or len(texts) > at_most:
            _refuse(f"{name} is not a short list")
        if not all(isinstance(text, str) for text in texts):
            _refuse(f"{name} is not a list of texts")
        return tuple(texts)

    def flag(self, name: str) -> bool:
        """Return a flag, or False if it is absent."""
        value = self._once(name)
        if value is None:
            return False
        if not isinstance(value, bool):
            _refuse(f"{name} is not a flag")
        return value

    def _once(self, name: str) -> object:
        """Return the value of a parameter, or None if it is absent."""
        if name in self._repeated:
            _refuse(f"{name} is repeated")
        return self._values.get(name)


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

    An unknown parameter may come several times, as `resource` does (RFC 8707 §2). Empty pairs are skipped.

    Raises:
        InvalidRequest: anything else.
        UnsupportedMediaType: the request says that its body is something else.

    """
    if request.media_type != FORM:
        raise UnsupportedMediaType
    try:
        pairs = parse_qsl(
            request.body.decode("ascii"),
            keep_blank_values=True,  # so that `a=&a=1` is a repetition too
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except ValueError:
        _refuse("not a form")
    counts = Counter(name for name, _ in pairs)
    return Parameters(dict(pairs), repeated={name for name, count in counts.items() if count > 1})


def _refuse(detail: str) -> NoReturn:
    raise InvalidRequest(detail)

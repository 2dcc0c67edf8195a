"""Reads JSON strictly: UTF-8 only, no duplicate member (RFC 8259 §4 leaves that open), no NaN or Infinity. Pure."""

import json
from collections.abc import Sequence
from typing import NoReturn


class NotStrictJson(ValueError):
    """The text is not one strict JSON value; the message says which rule it breaks, never a part of the text."""


def members_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    """Return the members by name. Raises NotStrictJson if a name comes twice."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise NotStrictJson("duplicate member")
    return members


def _refuse_number(_text: str) -> NoReturn:
    raise NotStrictJson("number")


# These decoders are made once. `json.loads` would make a new one for every call.
STRICT = json.JSONDecoder(object_pairs_hook=members_once, parse_constant=_refuse_number)
STRICT_INTEGERS = json.JSONDecoder(
    object_pairs_hook=members_once, parse_constant=_refuse_number, parse_float=_refuse_number
)


def json_object(data: bytes, decoder: json.JSONDecoder = STRICT) -> dict[str, object]:
    """Read one JSON object. White space around it is allowed.

    Raises:
        NotStrictJson: anything else.

    """
    try:
        value = decoder.decode(data.decode("utf-8"))
    except NotStrictJson:
        raise
    except (ValueError, RecursionError):
        raise NotStrictJson("encoding") from None
    if type(value) is not dict:
        raise NotStrictJson("not an object")
    return value

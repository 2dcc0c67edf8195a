"""The operators' own claims of a user, such as the tenant: their names, their values, and how they are stored. Pure.

The name of an own claim has a colon, as in `acme:tenant`. So it is a URI (RFC 7519 §2), and it is neither one of our
claims nor a registered one (RFC 7519 §4.1, §4.2), because none of these has a colon.
"""

import json
import re
from collections.abc import Mapping
from types import MappingProxyType

from edge_auth.strict_json import STRICT_INTEGERS, json_object

__all__ = ["as_text"]

# RFC 3986 §3.1: the scheme comes first, here in lower case. No character of a name or a value ends a header, a quoted
# text or a list. Patterns are compiled when the first own claim is read: most deployments have none.
NAME = r"[a-z][a-z0-9+.-]{0,31}:[A-Za-z0-9._~:/-]{1,64}"
TEXT = r"[ !#-Z^-~]{1,128}"
WORD = r"[!#-Z^-~]{1,64}"
MAX_NUMBER = 2**53 - 1  # RFC 8259 §6: larger numbers are not the same in every language

OwnClaim = str | int | bool | tuple[str, ...]
OwnClaims = Mapping[str, OwnClaim]
NO_CLAIMS: OwnClaims = MappingProxyType({})


def own_claims(claims: Mapping[str, object]) -> OwnClaims:
    """Return the own claims among these: a text, a whole number, a bool or a list of words each.

    Raises:
        ValueError: one has another shape. The text says which rule it breaks, and quotes nothing.

    """
    return {name: _checked(name, value) for name, value in claims.items() if ":" in name}


def only_own_claims(claims: Mapping[str, object]) -> OwnClaims:
    """Return these claims, which are all own ones. Raises ValueError, as `own_claims` does."""
    own = own_claims(claims)
    if len(own) != len(claims):
        raise ValueError("the name of an own claim has a colon, as in acme:tenant")
    return own


def as_text(claim: OwnClaim) -> str:
    """Return an own claim as one text, for API Gateway, which passes on no lists. Words have a space between them."""
    match claim:
        case bool():
            return "true" if claim else "false"
        case tuple():
            return " ".join(claim)
    return str(claim)


def to_json(claims: OwnClaims) -> str:
    """Write own claims as they are stored: one JSON object."""
    return json.dumps(dict(claims), separators=(",", ":"))


def from_json(text: str) -> OwnClaims:
    """Read own claims as they are stored. Raises ValueError for anything else."""
    return only_own_claims(json_object(text.encode(), STRICT_INTEGERS))


def _checked(name: str, value: object) -> OwnClaim:
    if not re.fullmatch(NAME, name):
        raise ValueError(
            "the name of an own claim is a word in lower case, a colon, and letters, digits and . _ ~ : / -"
        )
    match value:
        case bool():
            return value
        case int() if -MAX_NUMBER <= value <= MAX_NUMBER:
            return value
        case str() if re.fullmatch(TEXT, value):
            return value
        case list() if value and all(isinstance(word, str) and re.fullmatch(WORD, word) for word in value):
            return tuple(value)
    raise ValueError(
        "an own claim is a text of 1 to 128 ASCII characters without quotes, brackets and backslashes, a whole number, "
        "true or false, or a list of such texts without spaces"
    )

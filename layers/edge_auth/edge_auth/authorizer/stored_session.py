"""A session as an authorizer reads it: the attributes of DynamoDB's JSON that decide about its cookie.

An item of another form is no dead session. Nothing is decided by it.
"""

import re
from binascii import a2b_base64
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from edge_auth.authorizer.http_answer import RequestFailed

_NUMBER = re.compile(r"[0-9]{1,15}")


class StoredSession(NamedTuple):
    """A session that has not ended. It may have expired. Times are since 1970."""

    seed_hash: bytes
    generation: int
    rotated_at_ms: int
    mac_hash: bytes
    earlier_mac_hash: bytes
    transport: str
    idle_expires_at_seconds: int
    absolute_expires_at_seconds: int
    client_id: str
    scope: str
    roles: tuple[str, ...]
    acr: str
    amr: tuple[str, ...]
    auth_time_seconds: int


def stored_session(item: Mapping[str, object]) -> StoredSession:
    """Read a session. Raises RequestFailed for an item that is no session; the text names the attribute."""
    return StoredSession(
        seed_hash=_bytes(item, "seed_hash"),
        generation=_number(item, "generation"),
        rotated_at_ms=_number(item, "rotated_at_ms"),
        mac_hash=_bytes(item, "mac_hash") if "mac_hash" in item else b"",  # none before the first new token
        earlier_mac_hash=_bytes(item, "earlier_mac_hash") if "earlier_mac_hash" in item else b"",
        transport=_text(item, "transport") if "transport" in item else "",  # a session whose tokens are in bodies
        idle_expires_at_seconds=_number(item, "idle_expires_at"),
        absolute_expires_at_seconds=_number(item, "absolute_expires_at"),
        client_id=_text(item, "client_id"),
        scope=" ".join(_texts(item, "scope")),
        roles=_texts(item, "roles"),
        acr=_text(item, "acr") if "acr" in item else "",  # a login without a level
        amr=_texts(item, "amr"),
        auth_time_seconds=_number(item, "auth_time"),
    )


def _value(item: Mapping[str, object], name: str, kind: str) -> object:
    value = item.get(name)
    return value.get(kind) if isinstance(value, dict) else None


def _text(item: Mapping[str, object], name: str) -> str:
    value = _value(item, name, "S")
    return value if isinstance(value, str) else _fail(name)


def _number(item: Mapping[str, object], name: str) -> int:
    value = _value(item, name, "N")
    return int(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else _fail(name)


def _bytes(item: Mapping[str, object], name: str) -> bytes:
    value = _value(item, name, "B")
    if not isinstance(value, str):
        _fail(name)
    try:
        return a2b_base64(value, strict_mode=True)
    except ValueError:
        _fail(name)


def _texts(item: Mapping[str, object], name: str) -> tuple[str, ...]:
    values = _value(item, name, "L")
    if not isinstance(values, list):
        _fail(name)
    return tuple(_text({name: value}, name) for value in values)


def _fail(name: str) -> NoReturn:
    raise RequestFailed(f"damaged item: {name}")

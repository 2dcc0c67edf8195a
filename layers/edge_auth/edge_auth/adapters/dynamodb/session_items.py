"""A session as an item of the sessions table."""

from typing import TYPE_CHECKING, TypeVar

from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text, texts
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import BODY, NOTHING_REDEEMED, SeenSession, Session

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

# An expired session stays for this long, so that the log says "expired" of a client that comes back a little late.
# Nothing else needs it.
EXPIRED_KEPT_SECONDS = 86_400

V = TypeVar("V")


def session_key(user_id: str, session_id: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of a session's item."""
    return {"user_id": text(user_id), "session_id": text(session_id)}


def session_item(session: Session) -> "dict[str, AttributeValueTypeDef]":
    """Write a living session. `delete_at` is the table's TTL, in seconds.

    A session that is new has no base, and one whose tokens travel in bodies names no transport. `used_at` is written by
    the authorizer of sites, and the hashes of MACs by a new token of a site. A login without a level has no `acr`.
    """
    return {
        **({} if session.transport == BODY else {"transport": text(session.transport)}),
        **({} if session.base == NOTHING_REDEEMED else {"base": number(session.base)}),
        **({"used_at": number(session.used_at_seconds)} if session.used_at_seconds else {}),
        **({"mac_hash": binary(session.mac_hash)} if session.mac_hash else {}),
        **({"earlier_mac_hash": binary(session.earlier_mac_hash)} if session.earlier_mac_hash else {}),
        **({"acr": text(session.acr)} if session.acr else {}),
        **session_key(session.user_id, session.session_id),
        "seed_hash": binary(session.seed_hash),
        "generation": number(session.generation),
        "rotated_at_ms": number(session.rotated_at_ms),
        "rotation_id": text(session.rotation_id),
        "created_at_ms": number(session.created_at_ms),
        "auth_time": number(session.auth_time_seconds),
        "idle_expires_at": number(session.idle_expires_at_seconds),
        "absolute_expires_at": number(session.absolute_expires_at_seconds),
        "client_id": text(session.client_id),
        "scope": texts(tuple(session.scope.split())),  # a list, so that a condition can test single words
        "roles": texts(session.roles),
        "amr": texts(session.amr),
        "client_name": text(session.client.name),
        "user_agent": text(session.client.user_agent),
        "network": text(session.client.network),
        "delete_at": number(session.expires_at_seconds + EXPIRED_KEPT_SECONDS),
    }


def session_from(item: "Item") -> Session:
    """Read a session. Raises TemporarilyUnavailable for an item that is no session."""
    read = ItemReader(item)
    return Session(
        user_id=read.text("user_id"),
        session_id=read.text("session_id"),
        seed_hash=read.binary("seed_hash"),
        generation=read.number("generation"),
        rotated_at_ms=read.number("rotated_at_ms"),
        rotation_id=read.text("rotation_id"),
        created_at_ms=read.number("created_at_ms"),
        auth_time_seconds=read.number("auth_time"),
        idle_expires_at_seconds=read.number("idle_expires_at"),
        absolute_expires_at_seconds=read.number("absolute_expires_at"),
        client_id=read.text("client_id"),
        scope=" ".join(read.texts("scope")),
        roles=read.texts("roles"),
        amr=read.texts("amr"),
        client=ClientDescription(
            name=read.text("client_name"),
            user_agent=read.text("user_agent"),
            network=read.text("network"),
        ),
        base=_base(read, read.number("generation")),
        transport=read.optional_text("transport") or BODY,
        used_at_seconds=read.optional_number("used_at") or 0,
        mac_hash=read.optional_binary("mac_hash"),
        earlier_mac_hash=read.optional_binary("earlier_mac_hash"),
        acr=read.optional_text("acr"),
    )


def seen_from(item: "Item") -> SeenSession:
    """Read what an end needs. A damaged session can be ended too."""
    read = ItemReader(item)
    generation = _or_default(read.number, "generation", 0)
    return SeenSession(
        read.text("user_id"),
        read.text("session_id"),
        generation,
        _or_default(read.binary, "seed_hash", b""),
        _or_default(read.number, "base", generation - 1),
    )


def age_order(item: "Item") -> tuple[int, str]:
    """Return the sort key that puts the oldest session first. A damaged session without its time is the oldest."""
    read = ItemReader(item)
    return _or_default(read.number, "created_at_ms", 0), read.text("session_id")


def _base(read: ItemReader, generation: int) -> int:
    """Read the base. A new session has none, and neither has one that only an earlier version has rotated."""
    base = read.optional_number("base")
    return generation - 1 if base is None else base


def _or_default(read: "Callable[[str], V]", name: str, default: "V") -> "V":
    try:
        return read(name)
    except TemporarilyUnavailable:
        return default

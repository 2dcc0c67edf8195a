"""The record of a session's end, as an item of the sessions table.

It has a partition of its own, `ended#<user_id>`, that is queried only by an end of all sessions, and to delete it. So
the sessions that have ended cost a user's logins and lists nothing. Earlier versions marked the session's own item with
the same attributes.
"""

from typing import TYPE_CHECKING

from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text
from edge_auth.sessions.session import Endable, EndedSession

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

# The default idle timeout: a client that has been away for longer is logged out anyway. Until then, the record tells a
# token that comes back from an unknown one, and from a token that another party holds (docs/decisions/0021).
ENDED_KEPT_SECONDS = 14 * 86_400

PUBLISHED, YES = "published", number(1)  # the attribute that marks a record, and its value
_PARTITION = "ended#"  # no user id has a "#"


def ended_partition(user_id: str) -> "AttributeValueTypeDef":
    """Return the key of the partition that has the records of a user's sessions."""
    return text(_PARTITION + user_id)


def ended_key(user_id: str, session_id: str) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the record of a session's end."""
    return {"user_id": ended_partition(user_id), "session_id": text(session_id)}


def ended_item(
    session: Endable, *, reason: str, end_id: str, now_seconds: int, is_published: bool = False
) -> "dict[str, AttributeValueTypeDef]":
    """Return the record as it is stored. `delete_at` is the table's TTL, in seconds."""
    mark = {PUBLISHED: YES} if is_published else {}
    return {
        **ended_key(session.user_id, session.session_id),
        "generation": number(session.generation),
        "base": number(max(0, session.base)),  # before the first refresh there is no older token to tell from it
        "seed_hash": binary(session.seed_hash),
        "revoked_at": number(now_seconds),
        "revoked_reason": text(reason),
        "end_id": text(end_id),
        "delete_at": number(now_seconds + ENDED_KEPT_SECONDS),
        **mark,
    }


def is_record_of_end(item: "Item") -> bool:
    """Whether the item is in a partition of records, and no session's own."""
    return item.get("user_id", {}).get("S", "").startswith(_PARTITION)


def has_ended(item: "Item") -> bool:
    """Whether the item is of an ended session, in its own partition or marked by an earlier version."""
    return "revoked_at" in item


def ended_from(item: "Item") -> EndedSession:
    """Read the record. Raises TemporarilyUnavailable for an item that is damaged."""
    read = ItemReader(item)
    generation, base = read.number("generation"), read.optional_number("base")
    return EndedSession(
        generation=generation,
        seed_hash=read.binary("seed_hash"),
        ended_at_seconds=read.number("revoked_at"),
        reason=read.text("revoked_reason"),
        base=generation if base is None else base,  # records of earlier versions have none
        is_published=PUBLISHED in item,
    )

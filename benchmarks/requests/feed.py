"""A feed with many ended sessions, as the table has it after so many ends in the life of an access token."""

import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edge_auth.authorizer.ended_sessions import OVERLAP_SECONDS
from edge_auth.authorizer.feed_reads import read_feed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.tokens.ended_feed import FEED, KEPT_SECONDS, SLOT_SECONDS, WINDOW_MARGIN_SECONDS, entry_of, slot_of
from edge_auth.tokens.refresh_token import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENDED = 3000  # 3.3 ends a second: one in 3,000 of 10,000 authorizations a second
LIFE_SECONDS = 900 + WINDOW_MARGIN_SECONDS  # the first read: the default life of an access token, and a margin
LATER_SECONDS = OVERLAP_SECONDS  # each later read


def entries_by_slot(now_seconds: int) -> dict[int, list[str]]:
    """Return the entries of ENDED sessions that ended one after the other in the last LIFE_SECONDS."""
    slots: dict[int, list[str]] = {}
    for number in range(ENDED):
        slot = slot_of(now_seconds - number * LIFE_SECONDS // ENDED)
        slots.setdefault(slot, []).append(entry_of(new_id(secrets.token_bytes)))
    return slots


def fill(client: "DynamoDBClient", table: str, *, now_seconds: int) -> None:
    """Write these entries into a table."""
    for slot, entries in entries_by_slot(now_seconds).items():
        item: dict[str, Any] = {
            "feed": {"S": FEED},
            "slot": {"N": str(slot)},
            "sids": {"SS": entries},
            "delete_at": {"N": str(slot * SLOT_SECONDS + KEPT_SECONDS)},
        }
        client.put_item(TableName=table, Item=item)


def read(client: "DynamoDBClient", table: str, *, since_seconds: int) -> int:
    """Read as an authorizer reads, but with the SDK, which reports the units. Return the number of entries."""

    def query(_operation: str, parameters: Mapping[str, Any]) -> Reply:
        return Reply(dict(client.query(TableName=table, **parameters)), None)

    return sum(map(len, read_feed(query, since_seconds).slots.values()))

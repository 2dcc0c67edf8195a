"""A feed with many ended sessions, as the table has it after so many ends in the life of an access token."""

import secrets
from typing import TYPE_CHECKING, Any

from edge_auth.tokens.ended_feed import FEED, KEPT_SECONDS, SLOT_SECONDS, entry_of, slot_of
from edge_auth.tokens.refresh_token import new_id

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ENDED = 3000  # 3.3 ends a second: one in 3,000 of 10,000 authorizations a second
LIFE_SECONDS = 965  # the time of a cold authorizer's read: the default life of an access token, and a margin
OVERLAP_SECONDS = 60  # the time of a later read, because an end may be written late


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
    """Read with the Query of an authorizer. Return the number of entries. Raises RuntimeError: two pages."""
    answer = client.query(
        TableName=table,
        ConsistentRead=True,
        KeyConditionExpression="feed = :feed AND slot >= :slot",
        ExpressionAttributeValues={":feed": {"S": FEED}, ":slot": {"N": str(slot_of(since_seconds))}},
        ProjectionExpression="slot, sids, kids",
    )
    if "LastEvaluatedKey" in answer:
        raise RuntimeError("the feed has more than a page")
    return sum(len(item["sids"]["SS"]) for item in answer["Items"] if "sids" in item)

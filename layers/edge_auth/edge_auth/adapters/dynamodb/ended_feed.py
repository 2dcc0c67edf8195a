"""The feed of ended sessions in DynamoDB, read by the function that publishes it.

The authorizers read the same table without the SDK.
"""

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.adapters.dynamodb.items import ItemReader, number, text
from edge_auth.flows.ports.ended_feed import FeedCopy
from edge_auth.tokens.ended_feed import FEED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_dynamodb import DynamoDBClient

    from edge_auth.flows.ports.time_and_randomness import Clock


class DynamoDBEndedFeed:
    """The port `flows.ports.ended_feed.EndedFeed` on the revocations table."""

    def __init__(self, client: "DynamoDBClient", *, table: str, clock: "Clock") -> None:
        """Read this table. The clock only measures how long the read takes."""
        self._client = client
        self._table = table
        self._clock = clock

    def read(self, *, since_slot: int) -> FeedCopy:
        """Read every page, strongly consistent. The last answer's `Date`, less the time of the read, is its begin."""
        began_ms = self._clock()
        with translated_failures():
            pages = list(
                self._client.get_paginator("query").paginate(
                    TableName=self._table,
                    ConsistentRead=True,
                    KeyConditionExpression="feed = :feed AND slot >= :since",
                    ExpressionAttributeValues={":feed": text(FEED), ":since": number(since_slot)},
                )
            )
            answered_at_seconds = _date(pages[-1]["ResponseMetadata"]["HTTPHeaders"])
        took_ms = self._clock() - began_ms
        items = [ItemReader(item) for page in pages for item in page["Items"]]
        return FeedCopy(
            as_of_seconds=(answered_at_seconds * 1000 - took_ms) // 1000,
            entries=frozenset(entry for item in items for entry in item.text_set("sids")),
            kids=frozenset(kid for item in items for kid in item.text_set("kids")),
        )


def _date(headers: "Mapping[str, str]") -> int:
    """Return the time of an answer, in whole seconds (RFC 9110 §6.6.1). Raises ValueError if it has none."""
    return int(parsedate_to_datetime(headers.get("date", "")).timestamp())

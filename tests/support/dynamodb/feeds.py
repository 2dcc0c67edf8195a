"""The feed of ended sessions on each engine of the contract suite. The items are put without an adapter."""

import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3

from edge_auth.adapters.dynamodb.ended_feed import DynamoDBEndedFeed
from edge_auth.flows.ports.ended_feed import EndedFeed
from edge_auth.tokens.ended_feed import FEED
from tests.support import memory_aws
from tests.support.dynamodb.engine_of_run import endpoint
from tests.support.dynamodb.tables import create_table
from tests.support.fakes.ended_feed import MemoryEndedFeed

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

Put = Callable[[int, Iterable[str], Iterable[str]], None]


@dataclass(frozen=True)
class Feed:
    """The port, and a way to put an item of a slot. `client` and `table` are those of a DynamoDB engine."""

    reader: EndedFeed
    put: Put
    client: "DynamoDBClient | None" = None
    table: str = ""

    def put_item(self, slot: int, **attributes: Any) -> None:  # noqa: ANN401 - DynamoDB attribute values
        """Put an item with any attributes."""
        assert self.client is not None
        put_feed_item(self.client, self.table, slot, **attributes)


def put_feed_item(client: "DynamoDBClient", table: str, slot: int, **attributes: Any) -> None:  # noqa: ANN401 - as above
    """Put the item of a slot into the revocations table."""
    client.put_item(TableName=table, Item={"feed": {"S": FEED}, "slot": {"N": str(slot)}, **attributes})


def clock_ms() -> int:
    """Return the real time, because the engines answer with it."""
    return time.time_ns() // 1_000_000


def feed_on(engine: str) -> Iterator[Feed]:
    """Yield an empty feed: in memory, in moto, or in a real DynamoDB engine."""
    if engine == "memory":
        feed = MemoryEndedFeed(clock_ms)
        yield Feed(feed, feed.put)
        return
    name = f"revocations-{uuid.uuid4().hex}"
    if engine == "moto":
        create_table(memory_aws.dynamodb(), "RevocationsTable", name)
        yield _on(memory_aws.dynamodb(), name)
        return
    client = boto3.session.Session().client("dynamodb", endpoint_url=endpoint())
    create_table(client, "RevocationsTable", name)
    yield _on(client, name)
    client.delete_table(TableName=name)
    client.close()


def _on(client: "DynamoDBClient", table: str) -> Feed:
    def put(slot: int, entries: Iterable[str], kids: Iterable[str]) -> None:
        sets = {"sids": list(entries), "kids": list(kids)}
        put_feed_item(client, table, slot, **{name: {"SS": words} for name, words in sets.items() if words})

    return Feed(DynamoDBEndedFeed(client, table=table, clock=clock_ms), put, client, table)

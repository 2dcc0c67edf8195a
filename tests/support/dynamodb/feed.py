"""The feed of ended sessions on each engine of the contract suite, with a clock of the test."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import boto3

from edge_auth.adapters.dynamodb.revocations import DynamoDBRevocations
from edge_auth.flows.ports.revocations import Revocations
from edge_auth.tokens.ended_feed import KEY_SLOT, SLOT_SECONDS
from tests.support import memory_aws
from tests.support.dynamodb.engine_of_run import endpoint
from tests.support.dynamodb.tables import create_table, items
from tests.support.fakes.revocations import MemoryRevocations

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import UpdateItemOutputTypeDef


@dataclass
class StoredFeed:
    """The adapter on an empty table. `writes` has the slot of every request.

    Answers have the time of `store_seconds` as their Date, or no Date for None. The writer's clock may be ahead.
    """

    client: "DynamoDBClient"
    table: str
    store_seconds: Callable[[], float] | None = time.time
    ahead_seconds: int = 0
    writes: list[int] = field(default_factory=list)

    @property
    def revocations(self) -> Revocations:
        """The port."""
        watched = cast("DynamoDBClient", SimpleNamespace(update_item=self._update))  # the adapter calls no other act
        return DynamoDBRevocations(
            watched, table=self.table, clock=lambda: int((time.time() + self.ahead_seconds) * 1000)
        )

    def items(self) -> dict[int, dict[str, Any]]:
        """Return every item by its slot."""
        found: list[Any] = items(self.client, self.table)
        return {int(item["slot"]["N"]): item for item in found}

    def slots(self) -> list[int]:
        """Return the slots of ended sessions, as seconds since now."""
        now = time.time()
        return [round(slot * SLOT_SECONDS - now) for slot in sorted(self.items()) if slot != KEY_SLOT]

    def _update(self, **request: Any) -> "UpdateItemOutputTypeDef":  # noqa: ANN401 - passed through
        self.writes.append(int(request["Key"]["slot"]["N"]))
        response = self.client.update_item(**request)
        headers = response["ResponseMetadata"]["HTTPHeaders"]
        headers.pop("date", None)
        if self.store_seconds is not None:
            headers["date"] = formatdate(self.store_seconds(), usegmt=True)
        return response


@cache
def _client_of(engine: str) -> "DynamoDBClient":
    if engine == "moto":
        return memory_aws.dynamodb()
    return boto3.session.Session().client("dynamodb", endpoint_url=endpoint())


@contextmanager
def stored_feed(engine: str) -> Iterator[StoredFeed]:
    """Create the table on this engine, yield the adapter on it, and delete the table."""
    feed = StoredFeed(_client_of(engine), table=f"revocations-{uuid.uuid4().hex}")
    create_table(feed.client, "RevocationsTable", feed.table)
    try:
        yield feed
    finally:
        feed.client.delete_table(TableName=feed.table)


def entries_in(feed: StoredFeed | MemoryRevocations) -> tuple[set[str], set[str]]:
    """Return the ended sessions and the withdrawn keys."""
    if isinstance(feed, MemoryRevocations):
        return feed.sids, feed.kids
    sids, kids = set[str](), set[str]()
    for item in feed.items().values():
        sids |= set(item.get("sids", {}).get("SS", []))
        kids |= set(item.get("kids", {}).get("SS", []))
    return sids, kids

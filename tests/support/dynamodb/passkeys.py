"""The engines of the contract tests of passkeys: in memory, moto, and a real engine."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeyOpening, DynamoDBPasskeys
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.passkeys import PasskeyOpening, PasskeyStore
from edge_auth.flows.ports.sessions import Sessions
from tests.support.dynamodb.engines import Tables
from tests.support.dynamodb.tables import create_table
from tests.support.fakes.passkeys import MemoryPasskeyOpening, MemoryPasskeys
from tests.support.fakes.stores import MemoryIdentities, MemorySessions, MemoryStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class PasskeyEngine:
    """The ports of one empty deployment. In memory there is no client."""

    identities: Identities
    sessions: Sessions
    opening: PasskeyOpening
    passkeys: PasskeyStore
    client: "DynamoDBClient | None" = None
    identities_table: str = ""
    throttle_table: str = ""


def memory_passkeys() -> PasskeyEngine:
    """Return new, empty stores in memory."""
    store = MemoryStore()
    return PasskeyEngine(
        MemoryIdentities(store),
        MemorySessions(store),
        MemoryPasskeyOpening(store),
        MemoryPasskeys(store),
    )


@contextmanager
def stored_passkeys(tables: Tables) -> Iterator[PasskeyEngine]:
    """Yield the adapters on these tables and on a new one for what is spent."""
    client, throttle = tables.client, f"throttle-{uuid.uuid4().hex}"
    create_table(client, "ThrottleTable", throttle)
    try:
        yield PasskeyEngine(
            DynamoDBIdentities(client, table=tables.identities),
            DynamoDBSessions(client, table=tables.sessions),
            DynamoDBPasskeyOpening(
                client,
                identities_table=tables.identities,
                sessions_table=tables.sessions,
                throttle_table=throttle,
            ),
            DynamoDBPasskeys(client, table=tables.identities),
            client=client,
            identities_table=tables.identities,
            throttle_table=throttle,
        )
    finally:
        client.delete_table(TableName=throttle)

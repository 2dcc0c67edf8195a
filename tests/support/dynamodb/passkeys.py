"""The engines of the contract tests of passkeys: in memory, moto, and a real engine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeyOpening, DynamoDBPasskeys
from edge_auth.adapters.dynamodb.session_replacement import DynamoDBSessionReplacement
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.passkeys import PasskeyOpening, PasskeyStore
from edge_auth.flows.ports.sessions import SessionReplacement, Sessions
from tests.support.dynamodb.engines import Tables
from tests.support.fakes.passkeys import MemoryPasskeyOpening, MemoryPasskeys
from tests.support.fakes.stores import MemoryIdentities, MemorySessionReplacement, MemorySessions, MemoryStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class PasskeyEngine:
    """The ports of one empty deployment. In memory there is no client."""

    identities: Identities
    sessions: Sessions
    opening: PasskeyOpening
    replacement: SessionReplacement
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
        MemorySessionReplacement(store),
        MemoryPasskeys(store),
    )


def stored_passkeys(tables: Tables) -> PasskeyEngine:
    """Return the adapters on these tables."""
    places = {
        "identities_table": tables.identities,
        "sessions_table": tables.sessions,
        "throttle_table": tables.throttle,
    }
    return PasskeyEngine(
        DynamoDBIdentities(tables.client, table=tables.identities),
        DynamoDBSessions(tables.client, table=tables.sessions),
        DynamoDBPasskeyOpening(tables.client, **places),
        DynamoDBSessionReplacement(tables.client, **places),
        DynamoDBPasskeys(tables.client, table=tables.identities),
        client=tables.client,
        identities_table=tables.identities,
        throttle_table=tables.throttle,
    )

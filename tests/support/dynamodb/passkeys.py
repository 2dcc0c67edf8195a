"""The engines of the contract tests of passkeys: in memory, moto, and the endpoint of the environment."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.passkeys import DynamoDBPasskeyOpening, DynamoDBPasskeys
from edge_auth.adapters.dynamodb.session_replacement import DynamoDBSessionReplacement
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.passkeys import PasskeyOpening, PasskeyStore
from edge_auth.flows.ports.sessions import SessionReplacement, Sessions
from tests.support.dynamodb.engines import endpoint_tables, moto_tables
from tests.support.fakes.passkeys import MemoryPasskeyOpening, MemoryPasskeys
from tests.support.fakes.stores import MemoryIdentities, MemorySessionReplacement, MemorySessions, MemoryStore

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


@dataclass(frozen=True)
class PasskeyEngine:
    """The ports of one empty deployment. In memory there is no client. If `is_atomic`, threads may write at once."""

    identities: Identities
    sessions: Sessions
    opening: PasskeyOpening
    replacement: SessionReplacement
    passkeys: PasskeyStore
    is_atomic: bool
    client: "DynamoDBClient | None" = None
    identities_table: str = ""
    throttle_table: str = ""


@contextmanager
def passkey_engine(name: str) -> Iterator[PasskeyEngine]:
    """Yield an empty deployment on this engine."""
    if name == "memory":
        store = MemoryStore()
        yield PasskeyEngine(
            MemoryIdentities(store),
            MemorySessions(store),
            MemoryPasskeyOpening(store),
            MemorySessionReplacement(store),
            MemoryPasskeys(store),
            is_atomic=True,
        )
        return
    with endpoint_tables() if name == "dynamodb" else nullcontext(moto_tables()) as tables:
        places = {
            "identities_table": tables.identities,
            "sessions_table": tables.sessions,
            "throttle_table": tables.throttle,
        }
        yield PasskeyEngine(
            DynamoDBIdentities(tables.client, table=tables.identities),
            DynamoDBSessions(tables.client, table=tables.sessions),
            DynamoDBPasskeyOpening(tables.client, **places),
            DynamoDBSessionReplacement(tables.client, **places),
            DynamoDBPasskeys(tables.client, table=tables.identities),
            is_atomic=tables.is_real,
            client=tables.client,
            identities_table=tables.identities,
            throttle_table=tables.throttle,
        )

"""The engines of the contract suite: the stores in memory, moto, and a real DynamoDB engine."""

import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import boto3

from edge_auth.adapters.dynamodb.bounces import DynamoDBBounces
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.factors import DynamoDBFactors
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.redemptions import DynamoDBRedemptions
from edge_auth.adapters.dynamodb.session_opening import DynamoDBSessionOpening
from edge_auth.adapters.dynamodb.session_replacement import DynamoDBSessionReplacement
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.flows.ports.bounces import Bounces
from edge_auth.flows.ports.challenges import Challenges, Redemptions
from edge_auth.flows.ports.factors import FactorStore
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.sessions import SessionOpening, SessionReplacement, Sessions
from tests.support import memory_aws
from tests.support.dynamodb.engine_of_run import endpoint, is_available
from tests.support.dynamodb.tables import create_table, empty, items
from tests.support.fakes.bounces import MemoryBounces
from tests.support.fakes.challenges import MemoryChallenges, MemoryRedemptions
from tests.support.fakes.factors import MemoryFactors
from tests.support.fakes.stores import (
    MemoryIdentities,
    MemorySessionOpening,
    MemorySessionReplacement,
    MemorySessions,
    MemoryStore,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

# DynamoDB as moto simulates it, whose writes are not atomic across threads, and a real engine, if there is one.
REAL_ENGINES = ("dynamodb",) if is_available() else ()
DYNAMODB_ENGINES = ("moto", *REAL_ENGINES)
# The engines on which threads may write at once.
ATOMIC_ENGINES = ("memory", *REAL_ENGINES)


@dataclass(frozen=True)
class Engine:
    """The ports of one empty deployment."""

    identities: Identities
    session_opening: SessionOpening
    sessions: Sessions
    challenges: Challenges
    redemptions: Redemptions
    factors: FactorStore
    session_replacement: SessionReplacement
    bounces: Bounces


@dataclass(frozen=True)
class Tables:
    """A deployment's tables, read without the adapters. If `is_real`, the engine is no simulation in this process."""

    client: "DynamoDBClient"
    identities: str
    sessions: str
    challenges: str
    throttle: str
    is_real: bool = False

    @property
    def names(self) -> dict[str, str]:
        """Return the name of each table by its logical id in the template."""
        return {
            "IdentitiesTable": self.identities,
            "SessionsTable": self.sessions,
            "ChallengesTable": self.challenges,
            "ThrottleTable": self.throttle,
        }

    def session_items(self) -> list[dict[str, object]]:
        """Return every item of the sessions table."""
        return items(self.client, self.sessions)

    def identity_items(self) -> list[dict[str, object]]:
        """Return every item of the identities table."""
        return items(self.client, self.identities)

    def challenge_items(self) -> list[dict[str, object]]:
        """Return every item of the challenges table."""
        return items(self.client, self.challenges)

    def engine(self) -> Engine:
        """Return the adapters on these tables."""
        return Engine(
            identities=DynamoDBIdentities(self.client, table=self.identities),
            session_opening=DynamoDBSessionOpening(
                self.client, identities_table=self.identities, sessions_table=self.sessions
            ),
            sessions=DynamoDBSessions(self.client, table=self.sessions),
            challenges=DynamoDBChallenges(self.client, table=self.challenges),
            redemptions=DynamoDBRedemptions(
                self.client, challenges_table=self.challenges, identities_table=self.identities
            ),
            factors=DynamoDBFactors(self.client, table=self.identities),
            session_replacement=DynamoDBSessionReplacement(
                self.client,
                identities_table=self.identities,
                sessions_table=self.sessions,
                throttle_table=self.throttle,
            ),
            bounces=DynamoDBBounces(self.client, table=self.identities),
        )


def memory_engine() -> Engine:
    """Return new, empty stores in memory."""
    store = MemoryStore()
    return Engine(
        MemoryIdentities(store),
        MemorySessionOpening(store),
        MemorySessions(store),
        MemoryChallenges(store),
        MemoryRedemptions(store),
        MemoryFactors(store),
        MemorySessionReplacement(store),
        MemoryBounces(store),
    )


def moto_tables() -> Tables:
    """Create tables in moto, which must be active. Its conditional writes are not atomic across threads."""
    return _tables(memory_aws.dynamodb())


@contextmanager
def endpoint_tables() -> Iterator[Tables]:
    """Create and yield tables with new names in a real engine, and delete them afterwards."""
    with closing(_client()) as client:
        tables = replace(_tables(client), is_real=True)
        try:
            yield tables
        finally:
            for name in tables.names.values():
                client.delete_table(TableName=name)


@contextmanager
def borrowed(tables: Tables) -> Iterator[Tables]:
    """Yield these tables with a client of their own, and empty them afterwards: new ones take four times as long."""
    with closing(_client()) as client:
        try:
            yield replace(tables, client=client)
        finally:
            for logical_id, name in tables.names.items():
                empty(tables.client, logical_id, name)


def _client() -> "DynamoDBClient":
    return boto3.session.Session().client("dynamodb", endpoint_url=endpoint())


def _tables(client: "DynamoDBClient") -> Tables:
    run = uuid.uuid4().hex
    tables = Tables(client, f"identities-{run}", f"sessions-{run}", f"challenges-{run}", f"throttle-{run}")
    for logical_id, name in tables.names.items():
        create_table(client, logical_id, name)
    return tables

"""A deployment of the template on an engine: its tables, its key ring, its users and their sessions.

Picklable, so that every process can work on it.
"""

import json
import secrets
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.key_ring import new_key_ring
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.session_items import session_item
from edge_auth.credentials.passwords import hash_password
from edge_auth.keys.ring_document import from_secret_json, to_secret_json
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import NEVER_ROTATED_MS, Session
from edge_auth.tokens.refresh_token import SEED_BYTES, RefreshToken, mint, new_id
from tests.support.dynamodb.tables import create_table
from tests.support.template import Intrinsic, parameters, variables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DAY_SECONDS = 86_400
PASSWORD = "a fine long passphrase"
ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
TABLES = ("IdentitiesTable", "SessionsTable", "ThrottleTable")
SECRET_ID = "key-ring"
# What the client shows of itself, as long as real ones are: it is part of every item.
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"

AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "benchmark",
    "AWS_SECRET_ACCESS_KEY": "benchmark",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Deployment:
    """Where the tables are, and what the secret holds. `endpoint` None: whatever answers for AWS in this process."""

    endpoint: str | None
    ring_json: str = field(repr=False)
    tables: Mapping[str, str]

    def aws_environment(self) -> dict[str, str]:
        """Return what an AWS client finds in its environment."""
        return {**AWS_ENVIRONMENT, **({"AWS_ENDPOINT_URL_DYNAMODB": self.endpoint} if self.endpoint else {})}

    def environment(self, function: str, given: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that the template gives a function, with these parameters instead of its defaults."""
        chosen = {"Issuer": ISSUER, "Audience": AUDIENCE, **given}
        return {name: self._resolved(value, chosen) for name, value in variables(function).items()}

    def client(self) -> "DynamoDBClient":
        """Return a client of one's own, to set the scene with."""
        return _session().client("dynamodb", endpoint_url=self.endpoint)

    def new_session(self, user_id: str) -> tuple[dict[str, Any], str]:
        """Return the item of a session that has just begun, and its refresh token. Nothing is written."""
        now_ms = int(time.time() * 1000)
        token = RefreshToken(user_id, new_id(secrets.token_bytes), 0, secrets.token_bytes(SEED_BYTES))
        session = Session(
            user_id=user_id,
            session_id=token.session_id,
            seed_hash=token.seed_hash,
            generation=0,
            rotated_at_ms=NEVER_ROTATED_MS,
            rotation_id="",
            created_at_ms=now_ms,
            auth_time_seconds=now_ms // 1000,
            idle_expires_at_seconds=now_ms // 1000 + 14 * DAY_SECONDS,
            absolute_expires_at_seconds=now_ms // 1000 + 30 * DAY_SECONDS,
            client_id="first-party",
            amr=("pwd",),
            client=ClientDescription(user_agent=USER_AGENT, network="203.0.113.0/24"),
        )
        return session_item(session), mint(token, self._keys.mac)

    def jwks(self) -> str:
        """Return the public keys as the authorizer gets them."""
        return json.dumps(self._keys.jwks())

    @cached_property
    def _keys(self) -> Any:  # noqa: ANN401 - a frozen dataclass may not name it before it is made
        return from_secret_json(self.ring_json).at(int(time.time()))

    def _resolved(self, value: object, given: Mapping[str, str]) -> str:
        match value:
            case Intrinsic("Ref", "KeyRingSecret"):
                return SECRET_ID
            case Intrinsic("Ref", str() as name) if name in self.tables:
                return self.tables[name]
            case Intrinsic("Ref", str() as name):
                return str(given.get(name, parameters()[name].get("Default")))
            case Intrinsic("GetAtt", "KeyRing.Jwks"):
                return self.jwks()
            case str():
                return value
            case _:
                raise ValueError(f"the template gives a variable that cannot be resolved: {value}")


@contextmanager
def deployed(endpoint: str | None) -> Iterator[Deployment]:
    """Deploy under names of its own, and drop the tables afterwards."""
    run = uuid.uuid4().hex
    deployment = Deployment(endpoint, to_secret_json(new_key_ring()), {name: f"{name}-{run}" for name in TABLES})
    client = deployment.client()
    try:
        for logical_id, name in deployment.tables.items():
            create_table(client, logical_id, name)
        yield deployment
    finally:
        for name in deployment.tables.values():
            client.delete_table(TableName=name)
        client.close()


def add_user(deployment: Deployment, client: "DynamoDBClient", username: str) -> str:
    """Add a user with the password of all of them; return the user's id."""
    user_id = new_id(secrets.token_bytes)
    identity = Identity(user_id, username, _password_hash(), ACTIVE, 0, int(time.time()))
    DynamoDBIdentities(client, table=deployment.tables["IdentitiesTable"]).create(identity)
    return user_id


@cache
def _password_hash() -> str:
    return hash_password(PASSWORD.encode(), entropy=secrets.token_bytes)


def _session() -> boto3.session.Session:
    keys = {"aws_access_key_id": "benchmark", "aws_secret_access_key": "benchmark", "region_name": "us-east-1"}
    return boto3.session.Session(**keys)  # type: ignore[arg-type]  # three strings, by name

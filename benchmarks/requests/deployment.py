"""A deployment of the template on an engine: its tables, its key ring, its users and their sessions."""

import json
import secrets
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import boto3

from benchmarks.requests.events import USER_AGENT
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.session_items import session_item, session_key
from edge_auth.keys.ring import KeysInForce
from edge_auth.keys.ring_document import from_secret_json, to_secret_json
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import NEVER_ROTATED_MS, Session
from edge_auth.tokens.refresh_token import RefreshToken, mint, new_id
from edge_auth.tokens.token_form import SEED_BYTES
from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.support import people
from tests.support.access_tokens import AUDIENCE, ISSUER
from tests.support.dynamodb.tables import create_table
from tests.support.second_factor import with_app
from tests.support.template import environment

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

IDLE_SECONDS, ABSOLUTE_SECONDS = 14 * 86_400, 30 * 86_400  # the template's defaults
TABLES = ("IdentitiesTable", "SessionsTable", "ThrottleTable", "RevocationsTable", "ChallengesTable")
KEY_RING_SECRET, SEALING_SECRET = "key-ring", "sealing"
SEALING_KEY = "sealingkey" * 6  # of second factors
BATCH = 25  # DynamoDB's own limit of BatchWriteItem

AWS_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
    "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(frozen=True)
class Deployment:
    """The tables' endpoint and their names by logical id, and the content of the secret. Other processes can get it.

    If `endpoint` is None, AWS is simulated in this process (moto).
    """

    endpoint: str | None
    ring_json: str
    tables: Mapping[str, str]

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave out the client: each process makes its own."""
        return Deployment, (self.endpoint, self.ring_json, self.tables)

    def aws_environment(self) -> dict[str, str]:
        """Return the environment variables of an AWS client."""
        return {**AWS_ENVIRONMENT, **({"AWS_ENDPOINT_URL_DYNAMODB": self.endpoint} if self.endpoint else {})}

    def environment(self, function: str, parameters: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that the template gives a function; `parameters` replace its defaults."""
        resources = {
            **self.tables,
            "KeyRingSecret": KEY_RING_SECRET,
            "SealingSecret": SEALING_SECRET,
            "KeyRing.Jwks": self.jwks,
            "MailConfigurationSet": "mail",  # no mail is sent
        }
        return environment(function, {"Issuer": ISSUER, "Audience": AUDIENCE, **parameters}, resources)

    @property
    def secrets(self) -> dict[str, str]:
        """The contents of the secrets, by their ids."""
        return {KEY_RING_SECRET: self.ring_json, SEALING_SECRET: SEALING_KEY}

    @property
    def jwks(self) -> str:
        """The public keys, as the authorizer gets them. The first one is the signing key's."""
        return json.dumps(self._keys.jwks())

    @cached_property
    def client(self) -> "DynamoDBClient":
        """A client for preparations. Its requests are not counted."""
        session = boto3.session.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
        return session.client("dynamodb", endpoint_url=self.endpoint)

    def add_user(self, username: str, password_hash: str = "", status: str = ACTIVE, **members: Any) -> str:  # noqa: ANN401 - any field of Identity
        """Add a user and return its id. All users have the same password, unless another hash is given.

        `members` are further fields of the user.
        """
        identity = new_identity(username, password_hash, status, **members)
        self.add(identity)
        return identity.user_id

    def add_user_with_app(self, username: str) -> None:
        """Add a user who has an authenticator app (`tests.support.second_factor`)."""
        self.add(with_app(new_identity(username), sealing_keys_from(SEALING_KEY)))

    def add(self, identity: Identity) -> None:
        """Add this user."""
        DynamoDBIdentities(self.client, table=self.tables["IdentitiesTable"]).create(identity)

    def new_user(self) -> tuple[str, str]:
        """Add a user; return the name and the id."""
        username = f"user-{uuid.uuid4().hex}"
        return username, self.add_user(username)

    def add_session(self, user_id: str) -> tuple[str, str]:
        """Add a session that begins now; return its id and its refresh token."""
        item, token = self.new_session(user_id)
        self.put_sessions([item])
        return item["session_id"]["S"], token

    def new_session(self, user_id: str) -> tuple[dict[str, Any], str]:
        """Return the item of a session that begins now, and its refresh token. Nothing is written."""
        token = RefreshToken(user_id, new_id(secrets.token_bytes), 0, secrets.token_bytes(SEED_BYTES))
        return session_item(new_session(token, int(time.time() * 1000))), mint(token, self._keys.mac)

    def put_sessions(self, items: Iterable[dict[str, Any]]) -> None:
        """Write sessions' items. Raises RuntimeError: the engine did not write all of them."""
        self.put_items("SessionsTable", items)

    def put_items(self, table: str, items: Iterable[dict[str, Any]]) -> None:
        """Write items into the table with this logical id. Raises RuntimeError: the engine did not write all."""
        left = iter(items)
        while batch := list(islice(left, BATCH)):
            requests: Any = {self.tables[table]: [{"PutRequest": {"Item": item}} for item in batch]}
            if self.client.batch_write_item(RequestItems=requests)["UnprocessedItems"]:
                raise RuntimeError("the engine did not write a whole batch")

    def generation(self, user_id: str, session_id: str) -> int:
        """Return how often a session was rotated."""
        key, table = session_key(user_id, session_id), self.tables["SessionsTable"]
        found = self.client.get_item(TableName=table, Key=key, ConsistentRead=True)
        return int(found["Item"]["generation"]["N"])

    @cached_property
    def _keys(self) -> KeysInForce:
        return from_secret_json(self.ring_json).at(int(time.time()))


def new_identity(username: str, password_hash: str = "", status: str = ACTIVE, **members: Any) -> Identity:  # noqa: ANN401 - any field
    """Return a user with a new id. Nothing is written. Without a hash it has the password of all users."""
    hashed = password_hash or people.password_hash()
    return Identity(new_id(secrets.token_bytes), username, hashed, status, 0, int(time.time()), **members)


def new_session(token: RefreshToken, now_ms: int) -> Session:
    """Return the session of a login that gave this refresh token, with the template's default times."""
    now_seconds = now_ms // 1000
    return Session(
        user_id=token.user_id,
        session_id=token.session_id,
        seed_hash=token.seed_hash,
        generation=token.generation,
        rotated_at_ms=NEVER_ROTATED_MS,
        rotation_id="",
        created_at_ms=now_ms,
        auth_time_seconds=now_seconds,
        idle_expires_at_seconds=now_seconds + IDLE_SECONDS,
        absolute_expires_at_seconds=now_seconds + ABSOLUTE_SECONDS,
        client_id="first-party",
        amr=("pwd",),
        client=ClientDescription(user_agent=USER_AGENT, network="203.0.113.0/24"),
    )


def planned(endpoint: str | None) -> Deployment:
    """Return a deployment with its own names and keys. Its tables do not exist yet."""
    run = uuid.uuid4().hex
    ring = people.key_ring(made_at_seconds=int(time.time()))
    return Deployment(endpoint, to_secret_json(ring), {name: f"{name}-{run}" for name in TABLES})


@contextmanager
def deployed(endpoint: str | None) -> Iterator[Deployment]:
    """Deploy, and drop the tables afterwards."""
    deployment = planned(endpoint)
    try:
        for logical_id, name in deployment.tables.items():
            create_table(deployment.client, logical_id, name)
        yield deployment
    finally:
        for name in deployment.tables.values():
            deployment.client.delete_table(TableName=name)
        deployment.client.close()

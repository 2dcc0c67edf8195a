"""One local stack for each worker, deployed from the real template by `local/`, and its clients."""

import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.credentials.passwords import hash_password
from edge_auth.tokens.refresh_token import new_id
from local.progress import Progress
from local.settings import ROOT, Settings
from local.stack import Stack, running_stack
from tests.e2e.client import Client, Session
from tests.e2e.leaks import hand_over, items, leaked, log_messages
from tests.e2e.operator import Operator, Person, edge_auth

HERE = Path(__file__).parent
APP = "https://app.example.com"
MAIL_DOMAIN = "mail.example.com"
PAGES_URL = f"{APP}/account"
PROXY_SECRET = secrets.token_hex(32)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark these tests, and run the search for leaks last."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("e2e")
    items.sort(key=lambda item: item.path == HERE / "test_leaks.py")


@pytest.fixture(scope="session")
def stack(worker_id: str) -> Iterator[Stack]:
    """Yield a stack on a free port, with all that e2e tests use of what is off by default."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    proxy = f"X-Real-IP:{sha256(PROXY_SECRET.encode()).hexdigest()}"
    settings = Settings(
        port=port,
        home=ROOT / ".local" / f"e2e-{worker_id}",  # the workers of `make test-operations` have a stack each
        parameters={
            "TrustedProxy": proxy,
            "RevocationFeed": "true",
            "AllowedOrigins": APP,
            "PasswordProfiles": "bcrypt:c=4",
            "SecondFactor": "optional",
            "MailFrom": f"login@{MAIL_DOMAIN}",
            "MailIdentity": MAIL_DOMAIN,
            "PagesUrl": PAGES_URL,
        },
    )
    with running_stack(settings, os.environ, Progress()) as stack:
        yield stack


@pytest.fixture(scope="module", autouse=True)
def _rested(stack: Stack) -> None:
    """Delete all counters of attempts before each file, because all tests are one source."""
    (table,) = (name for name in stack.clients.dynamodb.list_tables()["TableNames"] if "ThrottleTable" in name)
    for page in stack.clients.dynamodb.get_paginator("scan").paginate(TableName=table):
        for item in page["Items"]:
            stack.clients.dynamodb.delete_item(TableName=table, Key={"bucket": item["bucket"]})


@pytest.fixture(scope="session")
def client(stack: Stack) -> Iterator[Client]:
    """Yield a client that remembers every secret that it sent or received. At the end no log and no table has one."""
    with closing(Client(stack.settings.base_url)) as client:
        yield client
        hand_over(stack, client.secrets)
        places = ["\n".join(log_messages(stack)), "\n".join(items(stack))]
        assert leaked(client.secrets, *places) == []


@pytest.fixture
def session(client: Client, stack: Stack) -> Session:
    """Return a new session."""
    return client.open_session(stack.user.name, stack.user.password)


@pytest.fixture
def operator(stack: Stack) -> Operator:
    """Return the operators' command for this stack."""
    return partial(edge_auth, stack, "users")


def new_person(stack: Stack) -> Person:
    """Create a user, as the operators' command stores one: a process for each user takes seconds."""
    person = Person(f"user-{secrets.token_hex(6)}", secrets.token_urlsafe(18))
    password_hash = hash_password(person.password.encode(), entropy=secrets.token_bytes)
    identity = Identity(new_id(secrets.token_bytes), person.name, password_hash, ACTIVE, 0, int(time.time()))
    DynamoDBIdentities(stack.clients.dynamodb, table=stack.outputs["IdentitiesTable"]).create(identity)
    return person


@pytest.fixture
def person(stack: Stack) -> Person:
    """Create a user for this test."""
    return new_person(stack)


@pytest.fixture
def age(stack: Stack) -> Callable[[Session], None]:
    """Return a function that makes a session's last rotation a minute older, so no test waits for the grace window."""

    def age(session: Session) -> None:
        stack.clients.dynamodb.update_item(
            TableName=stack.outputs["SessionsTable"],
            Key=session.key,
            UpdateExpression="SET rotated_at_ms = rotated_at_ms - :minute",
            ConditionExpression="attribute_exists(session_id)",
            ExpressionAttributeValues={":minute": {"N": "60000"}},
        )

    return age

"""The template's stack in memory: its tables, its secret in moto, and its functions with the template's variables."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws
from moto.core.models import botocore_stubber

from edge_auth import base64url
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.adapters.dynamodb.session_items import session_item
from edge_auth.keys.jwk import PRIVATE_MEMBERS
from edge_auth.keys.ring import KeyRing, KeysInForce
from edge_auth.keys.ring_document import from_secret_json, to_secret_json
from edge_auth.sessions.session import Session
from tests.support import cold_start, memory_aws, secrets_of_run
from tests.support.access_tokens import AUDIENCE
from tests.support.authorizer_store import connect_store
from tests.support.clock import TestClock
from tests.support.memory_tables.attribute_values import Item
from tests.support.memory_tables.tables import Tables
from tests.support.recorded_calls import made_by
from tests.support.secret_search import Secret, as_text
from tests.support.secrets_of_run import issued, wrote
from tests.support.template import environment, properties
from tests.support.wire import REVOCATIONS_TABLE, THROTTLE_TABLE, Wire

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

TABLES = {
    "IdentitiesTable": "functional-IdentitiesTable",
    "SessionsTable": "functional-SessionsTable",
    "RevocationsTable": REVOCATIONS_TABLE,
    "ThrottleTable": THROTTLE_TABLE,
    "ChallengesTable": "functional-ChallengesTable",
}
SEALING_SECRET, SEALING_KEY = "SealingSecret-functional", "sealingkey" * 6  # CloudFormation draws it
# The members of an answer whose values are secrets of its client.
GIVEN = {
    *("access_token", "refresh_token", "device_token", "mfa_token", "enrolment_token"),
    *("secret", "enrolment", "uri", "recovery_codes", "challenge"),
}
REQUEST_ID = "3f0e1d2c-aaaa-4bbb-8ccc-1234567890ab"


@dataclass(frozen=True)
class LambdaContext:
    """The part of Lambda's context that the functions may read."""

    aws_request_id: str = REQUEST_ID


@dataclass(frozen=True)
class Answer:
    """The parts of a proxy integration's response."""

    status: int
    headers: dict[str, str]
    body: str
    cookies: tuple[str, ...] = ()  # the values of Set-Cookie

    @property
    def text(self) -> str:
        """All that a client gets."""
        return "\n".join((*(f"{name}: {value}" for name, value in self.headers.items()), *self.cookies, self.body))

    @property
    def without_credentials(self) -> "Answer":
        """The answer without what it is there to give. Nothing that is left may be a secret of anybody."""
        body = self.body
        with suppress(ValueError):
            if isinstance(document := json.loads(body), dict):
                body = json.dumps({name: "…" if name in GIVEN else value for name, value in document.items()})
        return replace(self, body=body, cookies=tuple(cookie.partition("=")[0] for cookie in self.cookies))

    @property
    def json(self) -> dict[str, Any]:
        """The parsed body."""
        document: dict[str, Any] = json.loads(self.body)
        return document


Function = Callable[[object], Answer]
"""A function that answers proxy events."""


class CurrentStdout:
    """Writes to the current standard output, because pytest replaces it in each phase of a test."""

    def write(self, text: str) -> int:
        """Write."""
        return sys.stdout.write(text)

    def flush(self) -> None:
        """Flush."""
        sys.stdout.flush()


@dataclass
class Secrets:
    """All values that must never be printed, each with its kind."""

    kinds: dict[str, str] = field(default_factory=dict)

    @property
    def values(self) -> set[str]:
        """The values."""
        return set(self.kinds)

    def keep(self, *values: str, kind: str = "proof of a mail") -> None:
        """Remember these values."""
        self.kinds.update((value, kind) for value in values if value)

    def keep_tokens(self, response: dict[str, Any]) -> None:
        """Remember the tokens of a response."""
        for name in ("access_token", "refresh_token", "device_token"):
            self.keep(response.get(name, ""), kind=name.replace("_", " "))
        self.keep(*(response.get(name, "") for name in ("secret", "enrolment", "uri")), kind="secret of an app")
        self.keep(*response.get("recovery_codes", ()), kind="recovery code")

    def keep_answer(self, answer: Answer) -> None:
        """Remember the tokens of an answer, and its cookies."""
        self.keep(*(cookie.partition("=")[2].partition(";")[0] for cookie in answer.cookies), kind="cookie")
        if answer.status == 200 and answer.body:
            self.keep_tokens(answer.json)
        if answer.status == 401 and answer.body:
            tokens = (answer.json.get(name, "") for name in ("mfa_token", "enrolment_token"))
            self.keep(*tokens, kind="token of a second step")

    def keep_ring(self, ring: KeyRing) -> None:
        """Remember a ring's private keys and MAC keys, in every encoding that a log could contain."""
        for signing in ring.signing:
            private = (value for name, value in signing.key.jwk.items() if name in PRIVATE_MEMBERS)
            self.keep(*private, kind="signing key")
        for mac in ring.mac:
            secret = mac.key.secret
            self.keep(base64url.encode(secret), secret.hex(), repr(secret)[2:-1], kind="MAC key")


@dataclass
class Output:
    """The output of the functions, kept for the search for secrets."""

    capfd: pytest.CaptureFixture[str]
    caplog: pytest.LogCaptureFixture
    printed: str = ""

    def read(self) -> str:
        """Return all output and log lines so far."""
        self.printed += "".join(self.capfd.readouterr())
        # After the end of a test, `text` is empty.
        return (
            self.printed + self.caplog.text + repr([record.getMessage() for record in self.caplog.get_records("call")])
        )

    def show(self, answer: object) -> None:
        """Add an answer to the output, because it must not contain a secret either."""
        self.printed += f"{answer!r}\n"

    def log_lines(self) -> list[dict[str, Any]]:
        """Return the functions' own log lines."""
        return [json.loads(line) for line in self.read().splitlines() if line.startswith('{"level"')]

    def security_events(self) -> list[dict[str, Any]]:
        """Return the log lines that are security events."""
        return [line for line in self.log_lines() if "event" in line]


_users: dict[Identity, list[Item]] = {}  # what the product wrote of each user, once in this process


@dataclass
class Stack:
    """One deployment. All its functions share its tables, its secret, its wire and its clock."""

    tables: Tables
    secretsmanager: "SecretsManagerClient"
    secret_arn: str
    wire: Wire
    clock: TestClock
    secrets: Secrets
    monkeypatch: pytest.MonkeyPatch
    output: Output
    parameters: dict[str, str] = field(default_factory=dict)
    jwks: str = ""
    refusals: list[str] = field(default_factory=list)
    successes: list[str] = field(default_factory=list)

    def environment(self, function: str) -> dict[str, str]:
        """Return exactly the template's variables of a function, as CloudFormation resolves them."""
        resources = {
            **TABLES,
            "KeyRingSecret": self.secret_arn,
            "SealingSecret": SEALING_SECRET,
            "KeyRing.Jwks": self.jwks,
            "MailConfigurationSet": "functional-MailConfigurationSet",
        }
        return environment(function, {"Audience": AUDIENCE, **self.parameters}, resources)

    def module(self, function: str) -> ModuleType:
        """Import a function's app.py again, as a cold start does."""
        with made_by(function):
            module = cold_start.load(function, self.environment(function), log=CurrentStdout())
        vars(module)["handler"] = made_by(function)(module.handler)  # rotate_keys makes its clients at its first call
        if function.endswith("authorizer"):
            self.monkeypatch.setattr(module, "time", self.clock)
            connect_store(function, module, self.tables, self.clock, self.monkeypatch)
        return module

    def function(self, function: str) -> Function:
        """Return a cold function that answers proxy events."""
        handler = self.module(function).handler

        def invoke(event: object) -> Answer:
            response = handler(event, LambdaContext())
            # API Gateway answers 502 to anything else.
            several = response.get("multiValueHeaders", {})
            assert set(response) - {"multiValueHeaders"} == {"statusCode", "headers", "body"}
            assert set(several) <= {"Set-Cookie"}
            assert all(isinstance(value, str) for value in response["headers"].values())
            cookies = tuple(several.get("Set-Cookie", ()))
            answer = Answer(response["statusCode"], response["headers"], response["body"], cookies)
            self.secrets.keep_answer(answer)
            if answer.status >= 400:
                self.refusals.append(answer.text)
            else:
                self.successes.append(answer.without_credentials.text)
            return answer

        return invoke

    def rotate_keys(self) -> Callable[[object], dict[str, Any]]:
        """Return the cold function that writes the key ring, as the schedule and operators call it."""
        handler = self.module("rotate_keys").handler

        def invoke(event: object) -> dict[str, Any]:
            answer: dict[str, Any] = handler(event, LambdaContext())
            self.output.show(answer)
            return answer

        return invoke

    def make_key_ring(self, ring: KeyRing) -> KeyRing:
        """Write the ring into the secret, and its public keys for the authorizer, as the custom resource does."""
        memory_aws.write_secret(self.secret_arn, to_secret_json(ring))
        self.secrets.keep_ring(ring)
        self.jwks = json.dumps(ring.at(self.clock.now_seconds).jwks())
        return ring

    @property
    def key_ring(self) -> KeyRing:
        """The ring in the secret."""
        return from_secret_json(self.secretsmanager.get_secret_value(SecretId=self.secret_arn)["SecretString"])

    @property
    def key_ring_version(self) -> str:
        """The version of the ring in the secret."""
        return self.secretsmanager.get_secret_value(SecretId=self.secret_arn)["VersionId"]

    def key_rings(self) -> list[KeyRing]:
        """Return every ring that was ever in the secret."""
        rings = []
        for value in memory_aws.secret_values(self.secret_arn):
            with suppress(ValueError):  # a test of damaged rings
                rings.append(from_secret_json(value))
        return rings

    @property
    def keys(self) -> KeysInForce:
        """The keys of the ring in the secret that are in force now."""
        return self.key_ring.at(self.clock.now_seconds)

    @property
    def dynamodb(self) -> "DynamoDBClient":
        """A client of the tables, for preparations."""
        return self.tables.client

    @property
    def identities(self) -> DynamoDBIdentities:
        """The users, for preparations."""
        return DynamoDBIdentities(self.dynamodb, table=TABLES["IdentitiesTable"])

    def add_user(self, identity: Identity, password: str) -> Identity:
        """Add a user. The product writes each user once in this process."""
        self.secrets.keep(password, kind="password")
        self.secrets.keep(identity.password_hash, kind="password hash")
        table = self.tables.table(TABLES["IdentitiesTable"])
        if identity not in _users:
            before = table.all()
            self.identities.create(identity)
            _users[identity] = [item for item in table.all() if item not in before]
        for item in _users[identity]:
            table.put(item)
        return identity

    def put_session(self, session: Session, **attributes: Any) -> None:  # noqa: ANN401 - DynamoDB attribute values
        """Write a session's item, with the given attributes changed. None removes an attribute."""
        item = {**session_item(session), **attributes}
        item = {name: value for name, value in item.items() if value is not None}
        self.dynamodb.put_item(TableName=TABLES["SessionsTable"], Item=item)

    def session_items(self) -> list[dict[str, Any]]:
        """Return every item of the sessions table."""
        return self.tables.items(TABLES["SessionsTable"])

    def published(self) -> set[str]:
        """Return the entries of all sessions in the feed."""
        return {entry for item in self.tables.items(REVOCATIONS_TABLE) for entry in item.get("sids", {}).get("SS", [])}

    def attempt_items(self) -> list[dict[str, Any]]:
        """Return every item of the throttle table."""
        return self.tables.items(THROTTLE_TABLE)

    def forget_attempts(self) -> None:
        """Empty the throttle table, for tests that log in more often than the limits allow."""
        self.tables.empty_table(THROTTLE_TABLE)

    def identity_items(self) -> list[dict[str, Any]]:
        """Return every item of the identities table."""
        return self.tables.items(TABLES["IdentitiesTable"])

    def challenge_items(self) -> list[dict[str, Any]]:
        """Return every item of the challenges table."""
        return self.tables.items(TABLES["ChallengesTable"])

    def hand_over(self) -> None:
        """Hand over the secrets and what the functions wrote, for the search at the end of the run."""
        issued(Secret(kind, value) for value, kind in self.secrets.kinds.items())
        wrote("the output of functions", [self.output.read()])
        wrote(secrets_of_run.REFUSALS, self.refusals)
        wrote(secrets_of_run.ANSWERS, self.successes)
        wrote(
            secrets_of_run.TABLES,
            (as_text(item) for name in TABLES.values() for item in self.tables.items(name)),
        )
        sent = {"PutEvents": "the event bus", "SendEmail": secrets_of_run.MAILS}
        for call in self.wire.calls:
            if call.operation in sent:
                wrote(sent[call.operation], [as_text(call.parameters)])

    def with_mail(self, **given: str) -> "Stack":
        """Return the same stack with mail on, and with other template parameters."""
        return self.with_parameters(MailFrom="login@example.com", PagesUrl="https://app.example.com/account", **given)

    def with_parameters(self, **given: str) -> "Stack":
        """Return the same stack with other template parameters."""
        return replace(self, parameters={**self.parameters, **given})


@contextmanager
def stack_resources() -> Iterator[str]:
    """Simulate AWS with moto, and return the ARN of the stack's secret. The tables are our own."""
    with mock_aws():
        memory_aws.secretsmanager().create_secret(Name=SEALING_SECRET, SecretString=SEALING_KEY)
        yield memory_aws.secretsmanager().create_secret(Name="KeyRingSecret-functional")["ARN"]


def empty_stack(
    wire: Wire, clock: TestClock, monkeypatch: pytest.MonkeyPatch, output: Output, secret_arn: str
) -> Stack:
    """Empty the tables and the secret."""
    tables = _tables()
    tables.empty()
    monkeypatch.setattr(wire, "serve", _serve)
    assert properties("KeyRingSecret").keys() == {"Description"}, "the secret begins without a value"
    memory_aws.empty_secret(secret_arn)
    return Stack(
        tables,
        memory_aws.secretsmanager(),
        secret_arn,
        wire,
        clock,
        Secrets({SEALING_KEY: "sealing key"}),
        monkeypatch,
        output,
    )


@cache
def _tables() -> Tables:
    """Return the tables of this process."""
    return Tables(TABLES)


def _serve(event_name: str, request: "AWSPreparedRequest") -> "AWSResponse | None":
    """Let the tables answer in the place of DynamoDB, and moto in the place of all other services."""
    if event_name.startswith("before-send.dynamodb."):
        return _tables().serve(event_name, request)
    return botocore_stubber(event_name, request)

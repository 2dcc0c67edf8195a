"""The times of refused logins, which must not tell who has an account (P8).

Refuses logins of users with a wrong password, of nobody, of disabled users and of users whose stored hash is damaged,
in turn, so that whatever else the machine does falls on all alike. The real function, on tables in memory (moto).
"""

import importlib
import io
import json
import logging
import os
import secrets
import statistics
import time
from collections.abc import Callable
from typing import Any

import boto3
from moto import mock_aws

from benchmarks.key_ring import new_key_ring
from benchmarks.ranks import p_value
from benchmarks.results import Figures
from benchmarks.samples import summary
from edge_auth.accounts.identity import ACTIVE, DISABLED, Identity
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.credentials.passwords import hash_password
from edge_auth.keys.ring_document import to_secret_json
from edge_auth.settings import LoginSettings, variables
from edge_auth.tokens.refresh_token import new_id

ROUNDS = 500
QUICK_ROUNDS = 20
WARM_UP = 20
WRONG = "certainly not the password"
KINDS = ("wrong password", "no such user", "disabled user", "damaged hash")
UNAUTHORIZED = 401


def measure(*, quick: bool) -> Figures:
    """Refuse logins of each kind; return milliseconds, and the rank test of each kind against the first."""
    rounds = WARM_UP + (QUICK_ROUNDS if quick else ROUNDS)
    with mock_aws():
        times = _measured(_handler(rounds), rounds)
    reference = times[KINDS[0]]
    return {
        kind: {
            **summary(values),
            "gap": statistics.median(values) / statistics.median(reference) - 1,
            "p_value": p_value(reference, values),
        }
        for kind, values in times.items()
    }


def table(figures: Figures) -> str:
    """Return the medians, their spread and what the rank test says."""
    lines = ["| refused login | median ms | p5 to p95 | gap | p (Mann-Whitney) |", "|---|---|---|---|---|"]
    for kind, row in figures.items():
        spread = f"{row['p5']:.1f} to {row['p95']:.1f}"
        lines.append(f"| {kind} | {row['median']:.1f} | {spread} | {row['gap']:+.1%} | {row['p_value']:.2f} |")
    return "\n".join(lines)


def _handler(rounds: int) -> Callable[[object, object], dict[str, Any]]:
    os.environ.update(AWS_ACCESS_KEY_ID="benchmark", AWS_SECRET_ACCESS_KEY="benchmark", AWS_DEFAULT_REGION="us-east-1")
    os.environ.update(_environment(rounds))
    module = importlib.import_module("functions.login.app")
    for writer in logging.getLogger("login").handlers:
        if isinstance(writer, logging.StreamHandler):
            writer.setStream(io.StringIO())  # written, as it is deployed, and not shown
    handler: Callable[[object, object], dict[str, Any]] = module.handler
    return handler


def _environment(rounds: int) -> dict[str, str]:
    """Make the tables, the secret and the users; return what the function reads."""
    dynamodb = boto3.client("dynamodb")
    for variable, key in (("IDENTITIES_TABLE", "pk"), ("THROTTLE_TABLE", "bucket")):
        dynamodb.create_table(
            TableName=variable.lower(),
            AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"}],
            KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
    _add_users(DynamoDBIdentities(dynamodb, table="identities_table"), rounds)
    secret = boto3.client("secretsmanager").create_secret(Name="ring", SecretString=to_secret_json(new_key_ring()))
    numbers = dict.fromkeys(variables(LoginSettings), "1")
    texts = {"ISSUER": "https://auth.example.com", "AUDIENCE": "benchmark", "SESSIONS_TABLE": "none"}
    tables = {"IDENTITIES_TABLE": "identities_table", "THROTTLE_TABLE": "throttle_table"}
    return {**numbers, **texts, **tables, "KEY_RING_SECRET": secret["ARN"], "KEY_RING_VERSION": ""}


def _add_users(identities: DynamoDBIdentities, rounds: int) -> None:
    good = hash_password(secrets.token_bytes(16), entropy=secrets.token_bytes)
    kinds = {"wrong password": (good, ACTIVE), "disabled user": (good, DISABLED), "damaged hash": ("damaged", ACTIVE)}
    for kind, (password_hash, status) in kinds.items():
        for number in range(rounds):
            identity = Identity(new_id(secrets.token_bytes), _username(kind, number), password_hash, status, 0, 0)
            identities.create(identity)


def _measured(handler: Callable[[object, object], dict[str, Any]], rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind in KINDS:
            event = _event(_username(kind, number))
            begin = time.perf_counter()
            answer = handler(event, None)
            end = time.perf_counter()
            if answer["statusCode"] != UNAUTHORIZED:
                raise RuntimeError(f"{kind}: {answer}")
            if number >= WARM_UP:
                times[kind].append((end - begin) * 1000)
    return times


def _username(kind: str, number: int) -> str:
    # One attempt each: no account is throttled. All names have one length.
    return f"user-{KINDS.index(kind)}-{number:06}"


def _event(username: str) -> dict[str, Any]:
    address = f"10.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"
    return {
        "resource": "/auth/login",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "requestContext": {"identity": {"sourceIp": address}},
        "body": json.dumps({"username": username, "password": WRONG}),
    }

"""AWS in memory (moto). Each process makes its clients once, and empties tables instead of making them again."""

import json
from copy import deepcopy
from functools import cache
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.table import Table
from moto.logs.models import LogStream, logs_backends
from moto.secretsmanager.models import FakeSecret, SecretsManagerBackend, secretsmanager_backends

from tests.support.remembered_sdk import remember

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_logs import CloudWatchLogsClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

remember()


@cache
def _session() -> boto3.session.Session:
    """Return a session that is separate from those under test. It is cached, because it reads large service models."""
    return boto3.session.Session()


@cache
def dynamodb() -> "DynamoDBClient":
    """Return a client for preparations. A test that injects faults needs its own client."""
    return _session().client("dynamodb")


@cache
def secretsmanager() -> "SecretsManagerClient":
    """Return a client for preparations. A test that injects faults needs its own client."""
    return _session().client("secretsmanager")


@cache
def logs() -> "CloudWatchLogsClient":
    """Return a client for preparations."""
    return _session().client("logs")


def log_lines(group: str) -> list[dict[str, Any]]:
    """Return the lines of a log group, which are JSON, from moto's own data."""
    return [json.loads(event.message) for stream in _streams(group) for event in stream.events]


def empty_log(group: str) -> None:
    """Delete all lines of a log group, but not its streams."""
    for stream in _streams(group):
        stream.events.clear()


def empty(table: str) -> None:
    """Delete all items of a table in moto's own data, because a scan takes longer than most tests."""
    _table(table).items.clear()


def items(table: str) -> list[dict[str, Any]]:
    """Return every item of a table from moto's own data, in a fixed order, so that two states can be compared."""
    found = [
        {name: value.to_regular_json() for name, value in item.attrs.items()} for item in _table(table).all_items()
    ]
    return sorted(found, key=repr)


def lines_of_items(table: str) -> list[str]:
    """Return every item of a table as JSON, in a fixed order, without a copy of moto's own data."""
    return sorted(json.dumps(item.to_json(), default=str) for item in _table(table).all_items())


def contents(table: str) -> dict[str, Any]:
    """Return a copy of moto's own data of a table, to compare and to restore."""
    return deepcopy(dict(_table(table).items))


def restore(table: str, copy: dict[str, Any]) -> None:
    """Put a copy back."""
    empty(table)
    _table(table).items.update(deepcopy(copy))


def write_secret(arn: str, text: str) -> None:
    """Give a secret a new value."""
    no_binary: Any = None  # moto's own type excludes what its own handler passes
    _secrets().put_secret_value(arn, text, no_binary, str(uuid4()), ["AWSCURRENT"])


def secret_values(arn: str) -> list[str]:
    """Return every text that was ever a secret's value."""
    return [version.get("secret_string") or "" for version in _secret(arn).versions.values()]


def secret_contents(arn: str) -> Any:  # noqa: ANN401 - moto's own types
    """Return a copy of moto's own data of a secret, to restore: the versions, and which of them is the current one."""
    secret = _secret(arn)
    return deepcopy((secret.versions, secret.default_version_id))


def restore_secret(arn: str, copy: Any) -> None:  # noqa: ANN401 - as above
    """Put a copy back."""
    secret = _secret(arn)
    secret.versions, current = deepcopy(copy)
    secret.set_default_version_id(current)


def empty_secret(arn: str) -> None:
    """Remove all values of a secret."""
    _secret(arn).versions.clear()
    _secret(arn).set_default_version_id(None)


def _streams(group: str) -> list[LogStream]:
    return list(logs_backends[DEFAULT_ACCOUNT_ID][logs().meta.region_name].groups[group].streams.values())


def _secret(arn: str) -> FakeSecret:
    secret = _secrets().secrets[arn]
    assert isinstance(secret, FakeSecret)
    return secret


def _secrets() -> SecretsManagerBackend:
    return secretsmanager_backends[DEFAULT_ACCOUNT_ID][dynamodb().meta.region_name]


def _table(name: str) -> Table:
    return dynamodb_backends[DEFAULT_ACCOUNT_ID][dynamodb().meta.region_name].tables[name]

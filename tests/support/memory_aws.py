"""AWS in memory (moto): clients that are made once in a process, and tables that are emptied instead of made again."""

from functools import cache
from typing import TYPE_CHECKING

import boto3
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_secretsmanager import SecretsManagerClient


@cache
def _session() -> boto3.session.Session:
    """Return a session beside those under test. It reads the descriptions of the services, which takes long."""
    return boto3.session.Session()


@cache
def dynamodb() -> "DynamoDBClient":
    """Return a client that sets the scene; a test that plants faults needs one of its own."""
    return _session().client("dynamodb")


@cache
def secretsmanager() -> "SecretsManagerClient":
    """Return a client that sets the scene; a test that plants faults needs one of its own."""
    return _session().client("secretsmanager")


def empty(table: str) -> None:
    """Delete all items of a table, in moto's own data: a scan takes longer than most tests."""
    dynamodb_backends[DEFAULT_ACCOUNT_ID][dynamodb().meta.region_name].tables[table].items.clear()

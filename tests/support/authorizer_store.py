"""Lets an authorizer call the tables of the tests, in the place of DynamoDB's at an address."""

from base64 import b64encode
from collections.abc import Mapping
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import CallTable, Reply
from edge_auth.authorizer.two_clocks import Clocks
from tests.support.clock import TestClock
from tests.support.memory_tables.attribute_values import decoded
from tests.support.memory_tables.tables import Tables
from tests.support.recorded_calls import record

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

CALLS = {"Query": "query", "GetItem": "get_item", "UpdateItem": "update_item"}


def table_calls(client: "DynamoDBClient", table: str, *, now_seconds: int) -> CallTable:
    """Return the calls of a table by the SDK, in the form of the authorizers' own client: bytes are base64."""

    def call(operation: str, parameters: Mapping[str, Any]) -> Reply:
        try:
            answer = getattr(client, CALLS[operation])(TableName=table, **decoded(parameters))
        except ClientError as error:
            status, code = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
            raise RequestFailed(f"{status} {code}") from None
        return Reply(_encoded(answer), now_seconds)

    return call


def connect_store(
    function: str, module: ModuleType, tables: Tables, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let a newly loaded authorizer call these tables, with the test's clock and no thread. The calls are recorded."""
    clocks = Clocks(clock.time, clock.time)

    def call(operation: str, parameters: Mapping[str, Any]) -> Reply:
        record(function, "dynamodb", operation, {"TableName": module.store.table, **parameters})
        table = table_calls(tables.client, module.store.table, now_seconds=clock.now_seconds)
        return table(operation, parameters)

    if hasattr(module, "table"):
        monkeypatch.setattr(module.table, "call", call)
    elif hasattr(module, "sessions") and module.sessions is not None:
        monkeypatch.setattr(module.sessions, "call", call)
    elif getattr(module, "ended", None) is not None:
        monkeypatch.setattr(module.ended, "_read", partial(module.read_feed, call))
        monkeypatch.setattr(module.ended, "_clocks", clocks)
        monkeypatch.setattr(module.ended, "_run", lambda act, _seconds: act())


def _encoded(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return an answer of the SDK as it was on the wire."""
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, Mapping):
        return {name: _encoded(each) for name, each in value.items()}
    return [_encoded(each) for each in value] if isinstance(value, list) else value

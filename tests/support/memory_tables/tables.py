"""DynamoDB in memory, on the tests' side of the wire: what moto does in several milliseconds, in less than one.

It has the operations, the parameters and the expressions of the product, and refuses all others. A transaction that is
sent again with its token is done once, as by DynamoDB; moto does it twice. `tests/proof/test_machine_tables.py`
compares it with moto.
"""

import json
from collections.abc import Callable, Mapping
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from tests.support.memory_tables.attribute_values import Item, decoded
from tests.support.memory_tables.expressions import changed, condition, paths, update
from tests.support.memory_tables.requests import ACTS, OPERATIONS, Request, check_form, check_query
from tests.support.memory_tables.table import Table

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest
    from mypy_boto3_dynamodb import DynamoDBClient

Contents = Mapping[str, list[Item]]
"""The items of each table, by its name."""

CONDITION_FAILED = "ConditionalCheckFailed"
MAX_PAGE_BYTES = 1024 * 1024


class Refused(Exception):
    """An operation is refused, with AWS's code and further members of the answer."""

    def __init__(self, code: str, **members: Any) -> None:  # noqa: ANN401 - any JSON
        """Keep both."""
        super().__init__(code)
        self.code = code
        self.members = members


class NotServed(BaseException):
    """The product asks for what the tables do not have. No code of the product takes it for an outage."""


class Tables:
    """The stack's tables. No item of theirs is ever changed: another one takes its place."""

    def __init__(self, names: Mapping[str, str]) -> None:
        """Make empty tables: the names by their logical ids."""
        self._logical_ids = {name: logical_id for logical_id, name in names.items()}
        self._lock = Lock()
        self.operations: dict[str, Callable[[Request], dict[str, Any]]] = {
            "GetItem": self._get,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "Query": self._query,
            "TransactWriteItems": self._transact,
        }
        self.empty()

    def empty(self) -> None:
        """Forget everything."""
        self._tables = {name: Table(logical_id) for name, logical_id in self._logical_ids.items()}
        self._done: dict[str, Any] = {}  # the transactions that were done, by their tokens

    def table(self, name: str) -> Table:
        """Return a table with its items as they are on the wire."""
        return self._tables[name]

    def empty_table(self, name: str) -> None:
        """Forget the items of one table."""
        self._tables[name].items.clear()

    def items(self, name: str) -> list[Item]:
        """Return every item of a table as the SDK has it, in a fixed order, so that two states can be compared."""
        return sorted(decoded(self._tables[name].all()), key=repr)

    def contents(self) -> Contents:
        """Return all items, to restore."""
        return {name: table.all() for name, table in self._tables.items()}

    def restore(self, contents: Contents) -> None:
        """Put the items back, and no others."""
        for name, items in contents.items():
            self.empty_table(name)
            for item in items:
                self._tables[name].put(item)

    @cached_property
    def client(self) -> "DynamoDBClient":
        """A client of these tables, for preparations: its requests do not go over the wire of the functions."""
        client = boto3.session.Session().client("dynamodb")
        client.meta.events.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # as in wire
        client.meta.events.register("before-send", self.serve)  # type: ignore[arg-type]  # its result is the response
        return client

    def serve(self, event_name: str, request: "AWSPreparedRequest", **_: object) -> AWSResponse:
        """Answer a request of the SDK, in the place of moto."""
        body = bytes(request.body or b"")  # type: ignore[arg-type]  # the SDK has written it already
        try:
            status, answer = 200, self.act(event_name.split(".")[2], json.loads(body))
        except Refused as refused:
            status, answer = 400, {"__type": f"#{refused.code}", "message": "refused", **refused.members}
        raw = json.dumps(answer).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(raw))}
        return AWSResponse(request.url, status, headers, MockRawResponse(raw))  # type: ignore[arg-type]  # as in wire

    def act(self, operation: str, parameters: Request) -> dict[str, Any]:
        """Do an operation, in the form of the wire. Raises Refused, or NotServed for what is not known here."""
        try:
            with self._lock:
                return self.operations[operation](parameters)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise NotServed(f"{operation}: {parameters}") from error

    def _get(self, asked: Request) -> dict[str, Any]:
        table = self._table(asked, OPERATIONS["GetItem"])
        item = _projected(table.find(asked["Key"]), asked)
        return {"Item": item} if item else {}

    def _put(self, asked: Request) -> dict[str, Any]:
        table = self._table(asked, OPERATIONS["PutItem"])
        _check(table.find(asked["Item"]), asked)
        table.put(asked["Item"])
        return {}

    def _update(self, asked: Request) -> dict[str, Any]:
        table = self._table(asked, OPERATIONS["UpdateItem"])
        before = table.find(asked["Key"])
        _check(before, asked)
        after = _after(before or asked["Key"], asked)
        table.put(after)
        return {"Attributes": after} if asked.get("ReturnValues") == "ALL_NEW" else {}

    def _delete(self, asked: Request) -> dict[str, Any]:
        self._table(asked, OPERATIONS["DeleteItem"]).delete(asked["Key"])
        return {}

    def _query(self, asked: Request) -> dict[str, Any]:
        table = self._table(asked, OPERATIONS["Query"])
        check_query(asked, next(iter(table.keys)), set(table.keys))
        names, values = asked.get("ExpressionAttributeNames", {}), asked["ExpressionAttributeValues"]
        of_keys = condition(asked["KeyConditionExpression"])
        read = [
            item
            for partition in {value["S"] for value in values.values() if "S" in value}  # one of them names it
            for _, item in sorted(table.items.get(partition, {}).items())
            if of_keys(item, names, values)
        ]
        if len(json.dumps(read)) > MAX_PAGE_BYTES:
            raise ValueError("more than a page")
        keeps = condition(asked["FilterExpression"]) if "FilterExpression" in asked else None
        found = [item for item in read if keeps is None or keeps(item, names, values)]
        return {"Items": [_projected(item, asked) for item in found], "Count": len(found)}

    def _transact(self, asked: Request) -> dict[str, Any]:
        token, items = asked["ClientRequestToken"], asked["TransactItems"]
        if token in self._done:
            if self._done[token] != items:
                raise Refused("IdempotentParameterMismatchException")
            return {}
        acts = [(kind, act, self._table(act, ACTS[kind])) for item in items for kind, act in item.items()]
        places = {(act["TableName"], table.place(_key(act))) for _, act, table in acts}
        if len(places) != len(acts) or set(asked) != {"ClientRequestToken", "TransactItems"}:
            raise ValueError("one item twice, or more than acts")
        reasons = [
            {"Code": "None" if _holds(table.find(_key(act)), act) else CONDITION_FAILED} for _, act, table in acts
        ]
        if {"Code": CONDITION_FAILED} in reasons:
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        after = [_after(table.find(act["Key"]) or act["Key"], act) for kind, act, table in acts if kind == "Update"]
        for kind, act, table in acts:
            if kind == "Put":
                table.put(act["Item"])
            elif kind == "Delete":
                table.delete(act["Key"])
            elif kind == "Update":
                table.put(after.pop(0))
        self._done[token] = items
        return {}

    def _table(self, asked: Request, known: set[str]) -> Table:
        table = self._tables[asked["TableName"]]
        check_form(asked, known, set(table.keys))
        return table


def _key(act: Request) -> Item:
    key: Item = act.get("Key") or act["Item"]
    return key


def _holds(found: Item, asked: Request) -> bool:
    if "ConditionExpression" not in asked:
        return True
    holds = condition(asked["ConditionExpression"])
    return holds(found, asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {}))


def _check(found: Item, asked: Request) -> None:
    if not _holds(found, asked):
        told = found and asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        raise Refused("ConditionalCheckFailedException", **({"Item": found} if told else {}))


def _after(before: Item, asked: Request) -> Item:
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    return changed(before, update(asked["UpdateExpression"]), names, values)


def _projected(item: Item, asked: Request) -> Item:
    if "ProjectionExpression" not in asked:
        return item
    names = asked.get("ExpressionAttributeNames", {})
    named = {names.get(part, part) for [part] in paths(asked["ProjectionExpression"])}
    return {name: value for name, value in item.items() if name in named}

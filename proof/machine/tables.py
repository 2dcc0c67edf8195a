"""DynamoDB and Secrets Manager in memory, on the product's side of the wire: what moto does in 15 ms, in less than one.

It has the operations and the expressions of the product, and refuses all others. A transaction that is sent again with
its token is done once, as by DynamoDB; moto does it twice. `tests/proof/test_machine_tables.py` compares it with moto.
"""

import json
from typing import TYPE_CHECKING, Any

from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from proof.machine.attribute_values import Item
from proof.machine.expressions import changed, condition, paths, update
from tests.support.template import properties

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSPreparedRequest

CONDITION_FAILED = "ConditionalCheckFailed"


class Refused(Exception):
    """An operation is refused, with AWS's code and further members of the answer."""

    def __init__(self, code: str, **members: Any) -> None:  # noqa: ANN401 - any JSON
        """Keep both."""
        super().__init__(code)
        self.code = code
        self.members = members


class NotServed(BaseException):
    """The product asks for what the store does not have. No code of the product takes it for an outage."""


class Table:
    """The items of one table, by partition and sort key."""

    def __init__(self, logical_id: str) -> None:
        """Take the keys of the template's table."""
        kinds = {each["KeyType"]: each["AttributeName"] for each in properties(logical_id)["KeySchema"]}
        self.partition: str = kinds["HASH"]
        self.sort: str | None = kinds.get("RANGE")
        self.items: dict[str, dict[Any, Item]] = {}

    def place(self, key: Item) -> tuple[str, Any]:
        """Return where an item stands. A sort key that is a number is ordered as one."""
        partition = next(iter(key[self.partition].values()))
        if self.sort is None:
            return partition, ""
        [(kind, value)] = key[self.sort].items()
        return partition, int(value) if kind == "N" else value

    def find(self, key: Item) -> Item:
        """Return an item, empty if there is none."""
        partition, sort = self.place(key)
        return self.items.get(partition, {}).get(sort, {})

    def put(self, item: Item) -> None:
        """Write a whole item."""
        partition, sort = self.place(item)
        self.items.setdefault(partition, {})[sort] = item

    def delete(self, key: Item) -> None:
        """Remove an item, if there is one."""
        partition, sort = self.place(key)
        self.items.get(partition, {}).pop(sort, None)

    def all(self) -> list[Item]:
        """Return every item."""
        return [item for partition in self.items.values() for item in partition.values()]


class Store:
    """The stack's tables and its secrets."""

    def __init__(self, tables: dict[str, str], fixed_secrets: dict[str, str]) -> None:
        """Make empty tables: the names by their logical ids. `fixed_secrets` never change."""
        self._logical_ids = {name: logical_id for logical_id, name in tables.items()}
        self._fixed_secrets = fixed_secrets
        self._operations: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "GetItem": self._get,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "Query": self._query,
            "TransactWriteItems": self._transact,
            "GetSecretValue": self._secret,
            "PutSecretValue": self._put_secret,
        }
        self.empty()

    def empty(self) -> None:
        """Forget everything."""
        self.tables = {name: Table(logical_id) for name, logical_id in self._logical_ids.items()}
        self._done: set[str] = set()  # the tokens of transactions that were done
        self.secret_versions: dict[str, str] = {}  # the values of the key ring's secret, the newest last

    def serve(self, event_name: str, request: "AWSPreparedRequest") -> AWSResponse:
        """Answer a request of the SDK, in the place of moto."""
        body = bytes(request.body or b"")  # type: ignore[arg-type]  # the SDK has written it already
        try:
            status, answer = 200, self.act(event_name.split(".")[2], json.loads(body))
        except (ValueError, LookupError) as error:
            raise NotServed(f"{event_name}: {body!r}") from error
        except Refused as refused:
            status, answer = 400, {"__type": f"#{refused.code}", "message": "refused", **refused.members}
        raw = json.dumps(answer).encode()
        headers = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(raw))}
        return AWSResponse(request.url, status, headers, MockRawResponse(raw))  # type: ignore[arg-type]  # as in wire

    def act(self, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        """Do an operation, in the form of the wire. Raises Refused."""
        return self._operations[operation](parameters)

    def items(self, name: str) -> list[Item]:
        """Return every item of a table."""
        return self.tables[name].all()

    def delete_expired(self, now_seconds: int) -> int:
        """Delete what the tables' TTL lets DynamoDB delete. Return how many items that were."""
        deleted = 0
        for table in self.tables.values():
            for item in table.all():
                if int(item.get("delete_at", {"N": now_seconds + 1})["N"]) <= now_seconds:
                    table.delete(item)
                    deleted += 1
        return deleted

    def _get(self, asked: dict[str, Any]) -> dict[str, Any]:
        item = _projected(self.tables[asked["TableName"]].find(asked["Key"]), asked)
        return {"Item": item} if item else {}

    def _put(self, asked: dict[str, Any]) -> dict[str, Any]:
        table = self.tables[asked["TableName"]]
        _check(table.find(asked["Item"]), asked)
        table.put(asked["Item"])
        return {}

    def _update(self, asked: dict[str, Any]) -> dict[str, Any]:
        table = self.tables[asked["TableName"]]
        before = table.find(asked["Key"])
        _check(before, asked)
        after = _after(before or asked["Key"], asked)
        table.put(after)
        return {"Attributes": after} if asked.get("ReturnValues") == "ALL_NEW" else {}

    def _query(self, asked: dict[str, Any]) -> dict[str, Any]:
        names, values = asked.get("ExpressionAttributeNames", {}), asked["ExpressionAttributeValues"]
        tests = [condition(asked["KeyConditionExpression"])]
        if "FilterExpression" in asked:
            tests.append(condition(asked["FilterExpression"]))
        table = self.tables[asked["TableName"]]
        named = [next(iter(value.values())) for value in values.values() if set(value) == {"S"}]
        found = [
            item
            for partition in named  # one of the values names the partition
            for _, item in sorted(table.items.get(partition, {}).items())
            if all(test(item, names, values) for test in tests)
        ]
        return {"Items": [_projected(item, asked) for item in found], "Count": len(found)}

    def _transact(self, asked: dict[str, Any]) -> dict[str, Any]:
        token = asked.get("ClientRequestToken", "")
        if token and token in self._done:
            return {}
        acts = [(kind, act) for item in asked["TransactItems"] for kind, act in item.items()]
        reasons = [{"Code": "None"} if self._holds(act) else {"Code": CONDITION_FAILED} for _, act in acts]
        if {"Code": CONDITION_FAILED} in reasons:
            raise Refused("TransactionCanceledException", CancellationReasons=reasons)
        for kind, act in acts:
            table = self.tables[act["TableName"]]
            if kind == "Put":
                table.put(act["Item"])
            elif kind == "Delete":
                table.delete(act["Key"])
            elif kind == "Update":
                table.put(_after(table.find(act["Key"]) or act["Key"], act))
        self._done.add(token)
        return {}

    def _holds(self, act: dict[str, Any]) -> bool:
        found = self.tables[act["TableName"]].find(act.get("Key") or act["Item"])
        try:
            _check(found, act)
        except Refused:
            return False
        return True

    def _secret(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["SecretId"]
        if name in self._fixed_secrets:
            return {"ARN": name, "Name": name, "VersionId": "fixed" * 7, "SecretString": self._fixed_secrets[name]}
        if not self.secret_versions:
            raise Refused("ResourceNotFoundException")
        version, value = list(self.secret_versions.items())[-1]
        return {"ARN": name, "Name": name, "VersionId": version, "SecretString": value}

    def _put_secret(self, asked: dict[str, Any]) -> dict[str, Any]:
        version, value = asked["ClientRequestToken"], asked["SecretString"]
        if self.secret_versions.get(version, value) != value:
            raise Refused("ResourceExistsException")
        self.secret_versions.setdefault(version, value)
        return {"ARN": asked["SecretId"], "Name": asked["SecretId"], "VersionId": version}


def _check(found: Item, asked: dict[str, Any]) -> None:
    if "ConditionExpression" not in asked:
        return
    holds = condition(asked["ConditionExpression"])
    if not holds(found, asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})):
        told = found and asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
        raise Refused("ConditionalCheckFailedException", **({"Item": found} if told else {}))


def _after(before: Item, asked: dict[str, Any]) -> Item:
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    return changed(before, update(asked["UpdateExpression"]), names, values)


def _projected(item: Item, asked: dict[str, Any]) -> Item:
    if "ProjectionExpression" not in asked:
        return item
    names = asked.get("ExpressionAttributeNames", {})
    named = {names.get(part, part) for [part] in paths(asked["ProjectionExpression"])}
    return {name: value for name, value in item.items() if name in named}

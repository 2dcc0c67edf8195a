"""The form of the requests that the tables in memory know: their parameters, and how the parameters fit together."""

from collections.abc import Mapping
from typing import Any

from tests.support.memory_tables.attribute_values import has_empty_set
from tests.support.memory_tables.expressions import attributes, placeholders, update

Request = dict[str, Any]

_NAMED = {"TableName", "ExpressionAttributeNames", "ExpressionAttributeValues"}
_CONDITIONAL = {"ConditionExpression", "ReturnValuesOnConditionCheckFailure"}
OPERATIONS: Mapping[str, set[str]] = {
    "GetItem": {"Key", "ConsistentRead", "ProjectionExpression"},
    "PutItem": {"Item", *_CONDITIONAL},
    "UpdateItem": {"Key", "UpdateExpression", "ReturnValues", *_CONDITIONAL},
    "DeleteItem": {"Key"},
    "Query": {"KeyConditionExpression", "FilterExpression", "ProjectionExpression", "ConsistentRead"},
}
"""The parameters of each operation on one table."""

ACTS: Mapping[str, set[str]] = {
    "ConditionCheck": {"Key", "ConditionExpression"},
    "Delete": {"Key", "ConditionExpression"},
    "Put": {"Item", "ConditionExpression"},
    "Update": {"Key", "UpdateExpression", "ConditionExpression"},
}
"""The parameters of each act of a transaction."""


def check_form(asked: Request, known: set[str], keys: set[str]) -> None:
    """Raise ValueError if a request to a table with these keys has what is not known, or what nothing uses."""
    names, values = asked.get("ExpressionAttributeNames", {}), asked.get("ExpressionAttributeValues", {})
    used = {each for name, text in asked.items() if name.endswith("Expression") for each in placeholders(text)}
    if not asked.keys() <= _NAMED | known or asked.get("ReturnValues") not in {None, "ALL_NEW"}:
        raise ValueError("a parameter that is not known")
    if used != {*names, *values}:
        raise ValueError("a name or a value is missing, or nothing uses it")
    if "Key" in asked and asked["Key"].keys() != keys:
        raise ValueError("not a key")
    if has_empty_set([*asked.get("Item", {}).values(), *values.values()]):
        raise ValueError("an empty set")
    changed = {change.path[0] for change in update(asked["UpdateExpression"])} if "UpdateExpression" in asked else set()
    if keys & {names.get(name, name) for name in changed}:
        raise ValueError("a key does not change")


def check_query(asked: Request, partition: str, keys: set[str]) -> None:
    """Raise ValueError if the condition of keys has no partition or has other attributes, or the filter has keys."""
    names = asked.get("ExpressionAttributeNames", {})
    of_keys = {names.get(name, name) for name in attributes(asked["KeyConditionExpression"])}
    filtered = attributes(asked["FilterExpression"]) if "FilterExpression" in asked else frozenset()
    if partition not in of_keys or not of_keys <= keys or keys & {names.get(name, name) for name in filtered}:
        raise ValueError("a query by other attributes than keys, or a filter of keys")

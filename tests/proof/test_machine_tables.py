"""The tables in memory do what moto's do, over the SDK, and refuse what they do not know."""

import random
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.support import memory_aws
from tests.support.dynamodb.tables import create_table
from tests.support.memory_tables.expressions import condition, paths, update
from tests.support.memory_tables.tables import NotServed, Refused, Tables

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NAME, FEED = "compared", "compared-feed"
TABLES = {"SessionsTable": NAME, "RevocationsTable": FEED}
CONDITIONS = (
    "attribute_exists(seed) AND NOT generation <= :few",
    "attribute_not_exists(seed) OR generation <> :few",
    "(generation = :few OR contains(words, :word)) AND attribute_exists(#base)",
    "(attribute_not_exists(words) OR size(words) < :few) AND generation >= :none",
    "NOT (seed = :word AND generation > :few)",
    "attribute_not_exists(parts.#part) OR parts.#part = :one",
    "attribute_not_exists(session_id) OR mac <> :bytes",
    "attribute_exists(session_id)",
)
UPDATES = (
    "SET generation = if_not_exists(generation, :none) + :few, #base = :few",
    "SET generation = :few - :one REMOVE seed, #base",
    "ADD words :words SET seed = :word",
    "DELETE words :words",
    "SET parts = :parts, mac = :bytes",
    "REMOVE mac",
)
NAMES = {"#base": "base", "#part": "part"}
VALUES: dict[str, Any] = {
    ":few": {"N": "3"},
    ":none": {"N": "0"},
    ":one": {"N": "1"},
    ":word": {"S": "one"},
    ":words": {"SS": ["one", "two"]},
    ":parts": {"M": {"part": {"N": "1"}, "label": {"S": "two"}}},
    ":bytes": {"B": b"\x00\xff"},
    ":user": {"S": "a"},
}
KEY = {"user_id": {"S": "a"}, "session_id": {"S": "x"}}
GET: dict[str, Any] = {"TableName": NAME, "Key": KEY}
UPDATE: dict[str, Any] = {
    **GET,
    "UpdateExpression": "SET seed = :word",
    "ExpressionAttributeValues": {":word": VALUES[":word"]},
}
QUERY: dict[str, Any] = {
    "TableName": NAME,
    "KeyConditionExpression": "user_id = :user",
    "ExpressionAttributeValues": {":user": VALUES[":user"]},
}
# What DynamoDB refuses too, or the product has no use for.
NOT_KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "an operation": ("Scan", {"TableName": NAME}),
    "a table": ("GetItem", {**GET, "TableName": "another"}),
    "a parameter": ("GetItem", {**GET, "ReturnConsumedCapacity": "TOTAL"}),
    "another answer": ("UpdateItem", {**UPDATE, "ReturnValues": "UPDATED_OLD"}),
    "half a key": ("GetItem", {**GET, "Key": {"user_id": {"S": "a"}}}),
    "an empty key": ("GetItem", {**GET, "Key": {**KEY, "user_id": {"S": ""}}}),
    "a key of another type": ("GetItem", {**GET, "Key": {**KEY, "user_id": {"N": "1"}}}),
    "a new key": ("UpdateItem", {**UPDATE, "UpdateExpression": "SET user_id = :word"}),
    "a value that nothing uses": ("UpdateItem", {**UPDATE, "UpdateExpression": "REMOVE seed"}),
    "a value that is missing": ("UpdateItem", {**UPDATE, "ExpressionAttributeValues": {}}),
    "a name that nothing uses": ("GetItem", {**GET, "ExpressionAttributeNames": {"#base": "base"}}),
    "an empty set": ("PutItem", {"TableName": NAME, "Item": {**KEY, "words": {"SS": []}}}),
    "a sum with nothing": ("UpdateItem", {**UPDATE, "UpdateExpression": "SET generation = generation + :word"}),
    "a query of no partition": ("Query", {**QUERY, "KeyConditionExpression": "session_id = :user"}),
    "a filter of keys": ("Query", {**QUERY, "FilterExpression": "session_id <> :user"}),
    "a condition of keys about others": (
        "Query",
        {**QUERY, "KeyConditionExpression": "user_id = :user AND seed = :user"},
    ),
    "a page": ("Query", {**QUERY, "Limit": 1}),
    "a large item": ("PutItem", {"TableName": NAME, "Item": {**KEY, "text": {"S": "x" * 400 * 1024}}}),
    "an operation as an act": (
        "TransactWriteItems",
        {"TransactItems": [{"UpdateItem": UPDATE}], "ClientRequestToken": "one"},
    ),
    "one item twice": (
        "TransactWriteItems",
        {"TransactItems": [{"Delete": GET}, {"Delete": GET}], "ClientRequestToken": "one"},
    ),
    "a read in a transaction": (
        "TransactWriteItems",
        {"TransactItems": [{"Get": GET}], "ClientRequestToken": "one"},
    ),
}


@pytest.fixture
def moto() -> Iterator["DynamoDBClient"]:
    """Return a client of moto, with the tables."""
    with mock_aws():
        for logical_id, name in TABLES.items():
            create_table(memory_aws.dynamodb(), logical_id, name)
        yield memory_aws.dynamodb()
        for name in TABLES.values():
            memory_aws.dynamodb().delete_table(TableName=name)


@pytest.fixture
def tables() -> Tables:
    """Return the tables in memory."""
    return Tables(TABLES)


def test_any_requests_leave_what_moto_leaves(moto: "DynamoDBClient", tables: Tables) -> None:
    """Reads, writes, conditions, refusals and transactions, in any order, on a few items."""
    chance, refused = random.Random(5), 0  # noqa: S311 - the same in every run
    for _ in range(600):
        operation, asked = drawn(chance)
        answer = answered(tables.client, operation, asked)
        assert answer == answered(moto, operation, asked), (operation, asked)
        refused += "refused" in answer
    assert 100 < refused < 500
    for user in "ab":
        asked = {**QUERY, "ExpressionAttributeValues": {":user": {"S": user}}}
        assert answered(tables.client, "query", asked) == answered(moto, "query", asked)


def test_a_sort_key_that_is_a_number_is_ordered_as_moto_orders_it(moto: "DynamoDBClient", tables: Tables) -> None:
    """The authorizers read the feed from a slot on."""
    for slot in (100, 9, 20):
        item: dict[str, Any] = {"feed": {"S": "ends"}, "slot": {"N": str(slot)}, "sids": {"SS": ["one"]}}
        for client in (tables.client, moto):
            client.put_item(TableName=FEED, Item=item)
    asked = {
        "TableName": FEED,
        "KeyConditionExpression": "feed = :feed AND slot >= :slot",
        "ExpressionAttributeValues": {":feed": {"S": "ends"}, ":slot": {"N": "20"}},
    }

    answer = answered(tables.client, "query", asked)

    assert [item["slot"]["N"] for item in answer["Items"]] == ["20", "100"]
    assert answer == answered(moto, "query", asked)


def test_a_transaction_is_done_once(tables: Tables) -> None:
    """The SDK sends it again with the same token after a lost answer."""
    put = {"Put": {"TableName": NAME, "Item": KEY, "ConditionExpression": "attribute_not_exists(session_id)"}}

    tables.act("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "same"})
    tables.act("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "same"})
    with pytest.raises(Refused, match="TransactionCanceledException"):
        tables.act("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "another"})
    with pytest.raises(Refused, match="IdempotentParameterMismatchException"):
        tables.act("TransactWriteItems", {"TransactItems": [{"Delete": GET}], "ClientRequestToken": "same"})


def test_what_is_kept_stays_as_it_is(tables: Tables) -> None:
    """Later writes change neither a copy to restore nor the items that a test has read."""
    tables.client.put_item(TableName=NAME, Item={**KEY, "parts": VALUES[":parts"]})
    contents, items = tables.contents(), tables.items(NAME)
    tables.act("UpdateItem", {**UPDATE, "UpdateExpression": "SET parts.label = :word"})
    assert tables.items(NAME) != items

    tables.restore(contents)

    assert tables.items(NAME) == items


@pytest.mark.parametrize(("operation", "asked"), NOT_KNOWN.values(), ids=NOT_KNOWN)
def test_an_unknown_request_is_refused(tables: Tables, operation: str, asked: dict[str, Any]) -> None:
    """It is an error of the test, and no error of AWS that the product may handle."""
    for known in (("GetItem", GET), ("UpdateItem", UPDATE), ("Query", QUERY)):
        tables.act(*known)
    with pytest.raises(NotServed):
        tables.act(operation, asked)


@pytest.mark.parametrize(
    "text", ["a = ", "a BETWEEN :x AND :y", "begins_with(a, :x)", "a = :x extra", "a ~ :x", "name"]
)
def test_an_unknown_expression_is_refused(text: str) -> None:
    """To evaluate it in a wrong way would make all tests wrong. `name` is one of AWS's reserved words."""
    for read in (condition, lambda text: update(f"SET {text}"), paths):
        with pytest.raises(ValueError, match=r"."):
            read(text)


def test_more_than_a_page_is_refused(tables: Tables) -> None:
    """The tables have no pages. A test of pages supplies them."""
    for session_id in "xyz":
        item = {**KEY, "session_id": {"S": session_id}, "text": {"S": "x" * 390 * 1024}}
        tables.act("PutItem", {"TableName": NAME, "Item": item})
    with pytest.raises(NotServed):
        tables.act("Query", QUERY)


def drawn(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a request, as an operation and its parameters."""
    told = {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    shown = {"ProjectionExpression": chance.choice(["session_id, words", "#base, generation", "parts"])}
    match chance.randrange(7):
        case 0:
            return "get_item", with_used({"TableName": NAME, "Key": key(chance), **shown, "ConsistentRead": True})
        case 1:
            asked = {"TableName": NAME, "KeyConditionExpression": "user_id = :user", "ConsistentRead": True}
            kept = {"FilterExpression": chance.choice(CONDITIONS[:6])} if chance.random() < 0.7 else {}
            return "query", with_used({**asked, **kept, **(shown if chance.random() < 0.5 else {})})
        case 2:
            return "put_item", {**written("Put", key(chance), chance), **told}
        case 3:
            return "delete_item", {"TableName": NAME, "Key": key(chance)}
        case 4:
            kinds = chance.sample(["ConditionCheck", "Delete", "Put", "Update"], 2)
            keys = [{**key(chance), "session_id": {"S": session}} for session in "xy"]
            acts = [{kind: written(kind, each, chance)} for kind, each in zip(kinds, keys, strict=True)]
            return "transact_write_items", {"TransactItems": acts}
    return "update_item", {**written("Update", key(chance), chance), "ReturnValues": "ALL_NEW", **told}


def key(chance: random.Random) -> dict[str, Any]:
    """Return the key of one of a few items."""
    return {"user_id": {"S": chance.choice("ab")}, "session_id": {"S": chance.choice("xyz")}}


def written(kind: str, key: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    """Return an act of a transaction, which is also the parameters of its operation."""
    asked: dict[str, Any] = {"TableName": NAME, "ConditionExpression": chance.choice(CONDITIONS)}
    if kind == "Put":
        asked["Item"] = {**key, "generation": VALUES[":few"], "parts": VALUES[":parts"], "mac": VALUES[":bytes"]}
    else:
        asked["Key"] = key
    if kind == "Update":
        asked["UpdateExpression"] = chance.choice(UPDATES)
    return with_used(asked)


def with_used(asked: dict[str, Any]) -> dict[str, Any]:
    """Return parameters with the names and values that their expressions use: the others are refused."""
    text = " ".join(text for name, text in asked.items() if name.endswith("Expression"))
    for sign in "(),.":
        text = text.replace(sign, " ")
    values = {name: value for name, value in VALUES.items() if name in text.split()}
    names = {name: value for name, value in NAMES.items() if name in text.split()}
    asked |= {"ExpressionAttributeValues": values} if values else {}
    return asked | ({"ExpressionAttributeNames": names} if names else {})


def answered(client: "DynamoDBClient", operation: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a client gets, with sets in one order."""
    try:
        answer = getattr(client, operation)(**asked)
    except ClientError as error:
        answer = {"refused": error.response["Error"]["Code"], **error.response}
    kept = {name: answer[name] for name in ("Attributes", "Item", "Items", "Count", "refused") if answer.get(name)}
    kept["reasons"] = [reason["Code"] for reason in answer.get("CancellationReasons", ())]
    compared: dict[str, Any] = ordered(kept)
    return compared


def ordered(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the value with each set in one order."""
    if isinstance(value, dict):
        return {name: sorted(each) if name == "SS" else ordered(each) for name, each in value.items()}
    return [ordered(each) for each in value] if isinstance(value, list) else value

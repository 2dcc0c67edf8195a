"""The tables in memory do what moto's do, in the form of the wire, and refuse what they do not know."""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from proof.machine.expressions import condition, update
from proof.machine.tables import Refused, Store
from tests.support import memory_aws
from tests.support.dynamodb.tables import create_table

NAME = "compared"
CONDITIONS = (
    "attribute_exists(seed) AND NOT generation <= :few",
    "attribute_not_exists(seed) OR generation <> :few",
    "(generation = :few OR contains(words, :word)) AND attribute_exists(#base)",
    "(attribute_not_exists(words) OR size(words) < :few) AND generation >= :none",
    "NOT (seed = :word AND generation > :few)",
)
UPDATES = (
    "SET generation = if_not_exists(generation, :none) + :few, #base = :few",
    "SET generation = :few - :one REMOVE seed, #base",
    "ADD words :words SET seed = :word",
    "DELETE words :words",
    "SET parts = :parts",
)
VALUES: dict[str, Any] = {
    ":few": {"N": "3"},
    ":none": {"N": "0"},
    ":one": {"N": "1"},
    ":word": {"S": "one"},
    ":words": {"SS": ["one", "two"]},
    ":parts": {"M": {"part": {"N": "1"}}},
}


@pytest.fixture
def client() -> Iterator[Any]:
    """Return a client of moto, with one table."""
    with mock_aws():
        create_table(memory_aws.dynamodb(), "SessionsTable", NAME)
        yield memory_aws.dynamodb()
        memory_aws.dynamodb().delete_table(TableName=NAME)


def test_any_updates_leave_what_moto_leaves(client: Any) -> None:  # noqa: ANN401 - the SDK's client
    """Conditions, updates, refusals and transactions, in any order, on a few items."""
    store, chance = Store({"SessionsTable": NAME}, {}), random.Random(5)  # noqa: S311 - the same in every run
    refused = 0
    for number in range(150):
        key = {"user_id": {"S": chance.choice("ab")}, "session_id": {"S": chance.choice("xyz")}}
        asked: dict[str, Any] = {
            "TableName": NAME,
            "Key": key,
            "UpdateExpression": chance.choice(UPDATES),
            "ConditionExpression": chance.choice(CONDITIONS),
        }
        asked |= used(asked["UpdateExpression"] + " " + asked["ConditionExpression"])
        if number % 3 == 0:
            request: tuple[str, dict[str, Any]] = ("TransactWriteItems", {"TransactItems": [{"Update": asked}]})
        else:
            told = {"ReturnValues": "ALL_NEW", "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
            request = ("UpdateItem", {**asked, **told})
        ours, theirs = of_store(store, *request), of_moto(client, *request)
        assert ours == theirs
        refused += "refused" in ours
    assert 20 < refused < 130
    query: dict[str, Any] = {"TableName": NAME, "KeyConditionExpression": "user_id = :user"}
    query |= {"ExpressionAttributeValues": {":user": {"S": "a"}}, "ProjectionExpression": "session_id, words"}
    assert of_store(store, "Query", query)["Items"] == of_moto(client, "Query", query)["Items"]


def test_a_transaction_is_done_once() -> None:
    """The SDK sends it again with the same token after a lost answer."""
    store = Store({"SessionsTable": NAME}, {})
    key = {"user_id": {"S": "a"}, "session_id": {"S": "x"}}
    put = {"Put": {"TableName": NAME, "Item": key, "ConditionExpression": "attribute_not_exists(session_id)"}}

    store.act("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "same"})
    store.act("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "same"})
    with pytest.raises(Refused):
        store.act("TransactWriteItems", {"TransactItems": [put], "ClientRequestToken": "another"})


@pytest.mark.parametrize("text", ["a = ", "a BETWEEN :x AND :y", "begins_with(a, :x)", "a = :x extra", "a ~ :x"])
def test_an_unknown_expression_is_refused(text: str) -> None:
    """To evaluate it in a wrong way would make the whole machine wrong."""
    with pytest.raises(ValueError, match=r"."):
        condition(text)
    with pytest.raises(ValueError, match=r"."):
        update(f"SET {text}")


def used(text: str) -> dict[str, Any]:
    """Return the names and values that an expression uses: the others are refused."""
    values = {name: value for name, value in VALUES.items() if name in text.replace(")", " ").replace(",", " ").split()}
    names = {"ExpressionAttributeNames": {"#base": "base"}} if "#base" in text else {}
    return {"ExpressionAttributeValues": values, **names}


def of_store(store: Store, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Return what the store answers."""
    try:
        return plain(store.act(operation, asked))
    except Refused as refused:
        return {"refused": refused.code, **plain(refused.members)}


def of_moto(client: Any, operation: str, asked: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - the SDK's client
    """Return what moto answers."""
    methods = {"UpdateItem": "update_item", "TransactWriteItems": "transact_write_items", "Query": "query"}
    try:
        return plain(getattr(client, methods[operation])(**asked))
    except ClientError as error:
        return {"refused": error.response["Error"]["Code"], **plain(error.response)}


def plain(answer: Any) -> dict[str, Any]:  # noqa: ANN401 - any answer
    """Return the parts of an answer that are compared, with sets in one order."""
    kept = {name: answer[name] for name in ("Attributes", "Item", "Items") if answer.get(name)}
    if "CancellationReasons" in answer:
        kept["reasons"] = [reason["Code"] for reason in answer["CancellationReasons"]]
    compared: dict[str, Any] = ordered(kept)
    return compared


def ordered(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the value with each set in one order."""
    if isinstance(value, dict):
        return {name: sorted(each) if name == "SS" else ordered(each) for name, each in value.items()}
    return [ordered(each) for each in value] if isinstance(value, list) else value

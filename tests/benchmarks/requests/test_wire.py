"""Capacity units, as reported and as computed, and the botocore events that deliver them."""

from typing import Any

import pytest

from benchmarks.requests.deployment import Deployment
from benchmarks.requests.wire import Wire

KEY = {"user_id": {"S": "u"}, "session_id": {"S": "s"}}


def test_a_transaction_costs_two_units_for_each_item(deployment: Deployment) -> None:
    """A condition check costs as much as a write."""
    wire, client = Wire(), deployment.client
    wire.watch(client.meta.events)
    put: Any = {"Put": {"TableName": deployment.tables["SessionsTable"], "Item": KEY}}
    other = {"user_id": {"S": "v"}, "session_id": {"S": "s"}}
    check: Any = {
        "ConditionCheck": {
            "TableName": deployment.tables["SessionsTable"],
            "Key": other,
            "ConditionExpression": "attribute_not_exists(user_id)",
        }
    }

    client.transact_write_items(TransactItems=[put, check])

    assert wire.counts()["write_units"] == 4


def test_units_are_those_that_the_engine_reports(deployment: Deployment) -> None:
    """Reads and writes are counted separately."""
    wire, client = Wire(), deployment.client
    wire.watch(client.meta.events)
    table = deployment.tables["SessionsTable"]

    client.get_item(TableName=table, Key=KEY, ConsistentRead=True)
    read = wire.counts()
    wire.forget()
    client.put_item(TableName=table, Item=KEY)
    written = wire.counts()

    assert (read["operations"], read["write_units"]) == ({"GetItem": 1}, 0)
    assert read["read_units"] > 0
    assert (written["operations"], written["read_units"]) == ({"PutItem": 1}, 0)
    assert written["write_units"] > 0


def test_pages_that_only_a_filter_hides_are_requests(deployment: Deployment) -> None:
    """A filtered Query of 2 MB needs one more request. Without a filter, the engine itself makes the pages."""
    wire, client = Wire(), deployment.client

    def units(parsed: dict[str, Any], **_: object) -> None:
        parsed["ConsumedCapacity"] = {"CapacityUnits": 512.0}

    wire.watch(client.meta.events)
    client.meta.events.register_first("after-call.dynamodb.Query", units)
    table = deployment.tables["SessionsTable"]
    client.put_item(TableName=table, Item=KEY)
    wire.forget()
    query: Any = {"KeyConditionExpression": "user_id = :u", "ExpressionAttributeValues": {":u": KEY["user_id"]}}

    client.query(TableName=table, **query)
    without = wire.counts()["requests"]
    wire.forget()
    client.query(TableName=table, FilterExpression="attribute_exists(nothing)", **query)

    assert (without, wire.counts()["requests"]) == (1, 2)


def test_an_item_of_more_than_a_kib_is_an_error(deployment: Deployment) -> None:
    """The units of a refused write or of a transaction on it would be wrong."""
    wire, client = Wire(), deployment.client
    wire.watch(client.meta.events)

    def units(parsed: dict[str, Any], **_: object) -> None:
        parsed["ConsumedCapacity"] = {"CapacityUnits": 2.0}

    client.meta.events.register_first("after-call.dynamodb.PutItem", units)

    with pytest.raises(RuntimeError, match="larger than 1 KiB"):
        client.put_item(TableName=deployment.tables["SessionsTable"], Item=KEY)


def test_a_refused_write_is_paid_for(deployment: Deployment) -> None:
    """It costs one unit, which the engine does not report."""
    wire, client = Wire(), deployment.client
    wire.watch(client.meta.events)

    with pytest.raises(client.exceptions.ConditionalCheckFailedException):
        client.put_item(
            TableName=deployment.tables["SessionsTable"], Item=KEY, ConditionExpression="attribute_exists(user_id)"
        )

    assert (wire.units["refused"], wire.units["write_units"]) == (1, 1)

"""Tables with the shapes of template.yaml, so the tests have the tables that are deployed."""

from typing import TYPE_CHECKING

from tests.support.template import properties

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_table(client: "DynamoDBClient", logical_id: str, name: str) -> None:
    """Create the template's table `logical_id` with this name."""
    shape = properties(logical_id)
    client.create_table(
        TableName=name,
        AttributeDefinitions=shape["AttributeDefinitions"],
        KeySchema=shape["KeySchema"],
        BillingMode=shape["BillingMode"],
    )
    if "TimeToLiveSpecification" in shape:
        client.update_time_to_live(TableName=name, TimeToLiveSpecification=shape["TimeToLiveSpecification"])


def items(client: "DynamoDBClient", table: str) -> list[dict[str, object]]:
    """Return every item of a table in a fixed order, so that two states can be compared."""
    found: list[dict[str, object]] = []
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        found.extend(dict(item) for item in page["Items"])
    return sorted(found, key=repr)


def empty(client: "DynamoDBClient", logical_id: str, name: str) -> None:
    """Delete all items of the table, which has the shape of the template's table `logical_id`."""
    names = [key["AttributeName"] for key in properties(logical_id)["KeySchema"]]
    for item in items(client, name):
        client.delete_item(TableName=name, Key={key: item[key] for key in names})  # type: ignore[misc]  # any values

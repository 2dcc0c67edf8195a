"""Tables with the shapes that template.yaml gives them, so that the tests cannot drift from what is deployed."""

from typing import TYPE_CHECKING

from tests.support.template import properties

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def create_table(client: "DynamoDBClient", logical_id: str, name: str) -> None:
    """Create the table that the template calls `logical_id`, under this name."""
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
    """Return every item of a table, by its attributes' text, so that two states can be compared."""
    found: list[dict[str, object]] = []
    for page in client.get_paginator("scan").paginate(TableName=table, ConsistentRead=True):
        found.extend(dict(item) for item in page["Items"])
    return sorted(found, key=repr)

"""Finds every user that has sessions, by a scan of the sessions table."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.adapters.dynamodb.ended_items import is_record_of_end
from edge_auth.adapters.dynamodb.items import ItemReader

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def users_with_sessions(client: "DynamoDBClient", *, table: str) -> Iterator[str]:
    """Yield the id of each user that has an item of a session. Raises TemporarilyUnavailable.

    A scan returns the items of one user one after the other.
    """
    last = ""
    with translated_failures():
        pages = client.get_paginator("scan").paginate(
            TableName=table, ConsistentRead=True, ProjectionExpression="user_id"
        )
        for page in pages:
            for item in page["Items"]:
                user_id = ItemReader(item).text("user_id")
                if user_id != last and not is_record_of_end(item):
                    yield user_id
                last = user_id

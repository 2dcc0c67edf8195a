"""Marks in the identities table, in the user's own item: when, why, and the address that this is of."""

from typing import TYPE_CHECKING

from edge_auth.accounts.identity import Identity
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.identity_items import IS_OF_USER, OF_MARK, login_key, unknown_user, user_key
from edge_auth.adapters.dynamodb.items import ItemReader, number, text
from edge_auth.flows.ports.bounces import AddressGone

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


class DynamoDBBounces:
    """The port `flows.ports.bounces.Bounces` on the identities table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def mark(self, user_id: str, address: str, *, reason: str, now_seconds: int) -> None:
        """Mark an address: one read of the user's name, and one write. A repeated write keeps the first time."""
        with translated_failures():
            response = self._client.get_item(TableName=self._table, Key=user_key(user_id), ConsistentRead=True)
        item = response.get("Item")
        if item is None:
            raise AddressGone
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key=login_key(ItemReader(item).text("username")),
                    UpdateExpression="SET email_bounced_at = :now, bounce_reason = :reason, bounced_address = :address",
                    ConditionExpression=(
                        f"{IS_OF_USER} AND email = :address"
                        " AND (attribute_not_exists(bounced_address) OR bounced_address <> :address)"
                    ),
                    ExpressionAttributeValues={
                        ":user_id": text(user_id),
                        ":address": text(address),
                        ":reason": text(reason),
                        ":now": number(now_seconds),
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            # It may be marked already: by an earlier event, or by this write, whose response was lost.
            found = refused.item
            if (found.get("user_id"), found.get("bounced_address")) != (text(user_id), text(address)):
                raise AddressGone from None

    def clear(self, identity: Identity) -> None:
        """Take a mark away, in one write."""
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key=login_key(identity.username),
                    UpdateExpression=f"REMOVE {OF_MARK}",
                    ConditionExpression=IS_OF_USER,
                    ExpressionAttributeValues={":user_id": text(identity.user_id)},
                )
        except ConditionFailed:
            raise unknown_user() from None

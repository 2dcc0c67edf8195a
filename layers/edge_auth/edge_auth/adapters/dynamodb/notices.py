"""Notices in the challenges table: `notice#<user_id>#<name>`. The table's stream takes each to the mailer."""

from contextlib import suppress
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import number, text
from edge_auth.flows.ports.notices import Notice, NoticeName

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef


def notice_key(user_id: str, name: NoticeName) -> "dict[str, AttributeValueTypeDef]":
    """Return the key of the newest notice of this name. The stream has had the earlier ones."""
    return {"pk": text(f"notice#{user_id}#{name.value}")}


class DynamoDBNotices:
    """The port `flows.ports.notices.Notices` on the challenges table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def put(self, notice: Notice) -> None:
        """Add a notice, in one write. `delete_at` is the table's TTL, in seconds."""
        user = notice.identity
        # The id is of this call, so only the same write can find it there: its response was lost. If another one of
        # this name came between, the mail is sent twice.
        with suppress(ConditionFailed), translated_failures():
            self._client.put_item(
                TableName=self._table,
                Item={
                    **notice_key(user.user_id, notice.name),
                    "notice_id": text(notice.notice_id),
                    "notice": text(notice.name.value),
                    "username": text(user.username),
                    "email": text(user.email),
                    "language": text(user.language),
                    "details": {"M": {name: text(value) for name, value in notice.details.items()}},
                    "delete_at": number(notice.delete_at_seconds),
                    "deliver": {"BOOL": True},
                },
                ConditionExpression="attribute_not_exists(pk) OR notice_id <> :this",
                ExpressionAttributeValues={":this": text(notice.notice_id)},
            )

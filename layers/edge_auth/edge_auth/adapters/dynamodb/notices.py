"""Notices in the challenges table: `notice#<user_id>#<notice_id>`. Only the table's stream reads them."""

from contextlib import suppress
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import number, text
from edge_auth.flows.ports.notices import Notice

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def notice_key(user_id: str, notice_id: str = "") -> str:
    """Return the key of a notice, or with what the keys of all notices of this user begin."""
    return f"notice#{user_id}#{notice_id}"


class DynamoDBNotices:
    """The port `flows.ports.notices.Notices` on the challenges table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def put(self, notice: Notice) -> None:
        """Add a notice, in one write. `delete_at` is the table's TTL, in seconds."""
        user = notice.identity
        # The id is of this call, so only the same write can find it there: its response was lost.
        with suppress(ConditionFailed), translated_failures():
            self._client.put_item(
                TableName=self._table,
                Item={
                    "pk": text(notice_key(user.user_id, notice.notice_id)),
                    "notice": text(notice.name.value),
                    "username": text(user.username),
                    "email": text(user.email),
                    "language": text(user.language),
                    "details": {"M": {name: text(value) for name, value in notice.details.items()}},
                    "delete_at": number(notice.delete_at_seconds),
                    "deliver": {"BOOL": True},
                },
                ConditionExpression="attribute_not_exists(pk)",
            )

"""Replaces a session by a stronger one in DynamoDB: one transaction on the user, the old session and the new one."""

from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.ended_items import ended_item
from edge_auth.adapters.dynamodb.items import binary, number, text
from edge_auth.adapters.dynamodb.session_items import session_item, session_key
from edge_auth.adapters.dynamodb.session_opening import user_condition
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.sessions import STEPPED_UP, AlreadyEnded
from edge_auth.sessions.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from edge_auth.flows.ports.factors import FactorUse

_USER, _OLD = 0, 1  # their positions in the transaction
_IS_AS_READ = (
    "attribute_exists(session_id) AND seed_hash = :seed_hash AND generation = :generation "
    "AND attribute_not_exists(revoked_at)"
)


class DynamoDBSessionReplacement:
    """The port `flows.ports.sessions.SessionReplacement` on the identities and sessions tables."""

    def __init__(self, client: "DynamoDBClient", *, identities_table: str, sessions_table: str) -> None:
        """Use these tables."""
        self._client = client
        self._identities_table = identities_table
        self._sessions_table = sessions_table

    def replace(
        self,
        old: Session,
        new: Session,
        *,
        username: str,
        epoch: int,
        end_id: str,
        factor: "FactorUse | None" = None,
    ) -> None:
        """Exchange the sessions in one transaction, which the SDK makes safe to send twice."""
        record = ended_item(old, reason=STEPPED_UP, end_id=end_id, now_seconds=new.auth_time_seconds)
        is_new = "attribute_not_exists(session_id)"
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        user_condition(self._identities_table, new.user_id, username, epoch, factor),
                        {
                            "Delete": {
                                "TableName": self._sessions_table,
                                "Key": session_key(old.user_id, old.session_id),
                                "ConditionExpression": _IS_AS_READ,
                                "ExpressionAttributeValues": {
                                    ":seed_hash": binary(old.seed_hash),
                                    ":generation": number(old.generation),
                                },
                            }
                        },
                        {
                            "Put": {
                                "TableName": self._sessions_table,
                                "Item": record,
                                "ConditionExpression": "attribute_not_exists(end_id) OR end_id <> :end_id",
                                "ExpressionAttributeValues": {":end_id": text(end_id)},
                            }
                        },
                        {
                            "Put": {
                                "TableName": self._sessions_table,
                                "Item": session_item(new),
                                "ConditionExpression": is_new,
                            }
                        },
                    ]
                )
        except ConditionFailed as refused:
            if _USER in refused.positions:
                raise EpochMoved from None
            if _OLD in refused.positions:
                raise AlreadyEnded from None
            raise TemporarilyUnavailable("the session id exists") from None

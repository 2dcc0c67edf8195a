"""Opens sessions in DynamoDB, if the user's epoch has not moved: a login before an end of all sessions opens none."""

from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.identity_items import IS_ACTIVE_AS_READ, active_as_read, login_key
from edge_auth.adapters.dynamodb.session_items import session_item
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.sessions.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from edge_auth.flows.ports.factors import FactorUse

_EPOCH_CHECK = 0  # its position in the transaction


class DynamoDBSessionOpening:
    """The port `flows.ports.sessions.SessionOpening` on the identities and sessions tables."""

    def __init__(self, client: "DynamoDBClient", *, identities_table: str, sessions_table: str) -> None:
        """Use these tables."""
        self._client = client
        self._identities_table = identities_table
        self._sessions_table = sessions_table

    def open(self, session: Session, *, username: str, epoch: int, factor: "FactorUse | None" = None) -> None:
        """Add the session in one transaction, which the SDK makes safe to send twice.

        A second factor takes the place of the check of the epoch: its use has the same conditions, and more.
        """
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        user_condition(self._identities_table, session.user_id, username, epoch, factor),
                        {
                            "Put": {
                                "TableName": self._sessions_table,
                                "Item": session_item(session),
                                "ConditionExpression": "attribute_not_exists(session_id)",
                            }
                        },
                    ]
                )
        except ConditionFailed as refused:
            if _EPOCH_CHECK in refused.positions:
                raise EpochMoved from None
            raise TemporarilyUnavailable("the session id exists") from None


def user_condition(
    table: str, user_id: str, username: str, epoch: int, factor: "FactorUse | None"
) -> "TransactWriteItemTypeDef":
    """Return the part of a transaction that demands an active user of this epoch, and uses a second factor if given."""
    if factor is not None:
        from edge_auth.adapters.dynamodb.factor_use import update_of  # noqa: PLC0415 - only where factors are on

        return {"Update": update_of(table, user_id, username, epoch, factor)}
    return {
        "ConditionCheck": {
            "TableName": table,
            "Key": login_key(username),
            "ConditionExpression": IS_ACTIVE_AS_READ,
            "ExpressionAttributeNames": {"#status": "status"},
            "ExpressionAttributeValues": active_as_read(user_id, epoch),
        }
    }

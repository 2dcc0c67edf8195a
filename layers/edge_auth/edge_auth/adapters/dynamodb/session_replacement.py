"""Replaces a session by a stronger one in DynamoDB: one transaction on the user, the old session and the new one."""

from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.ended_items import ended_item
from edge_auth.adapters.dynamodb.items import binary, number, text
from edge_auth.adapters.dynamodb.session_items import session_item, session_key
from edge_auth.adapters.dynamodb.session_opening import user_condition
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.sessions import STEPPED_UP, AlreadyEnded
from edge_auth.sessions.session import Session

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import TransactWriteItemTypeDef

    from edge_auth.flows.ports.passkeys import PasskeyUse

_USER, _OLD, _SPEND = 0, 1, 4  # their positions in the transaction
_IS_AS_READ = (
    "attribute_exists(session_id) AND seed_hash = :seed_hash AND generation = :generation "
    "AND attribute_not_exists(revoked_at)"
)


class DynamoDBSessionReplacement:
    """The port `flows.ports.sessions.SessionReplacement` on the tables of identities, sessions and attempts."""

    def __init__(
        self, client: "DynamoDBClient", *, identities_table: str, sessions_table: str, throttle_table: str
    ) -> None:
        """Use these tables."""
        self._throttle_table = throttle_table
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
        factor: "FactorUse | PasskeyUse | None" = None,
    ) -> None:
        """Exchange the sessions in one transaction, which the SDK makes safe to send twice."""
        record = ended_item(old, reason=STEPPED_UP, end_id=end_id, now_seconds=new.auth_time_seconds)
        is_new = "attribute_not_exists(session_id)"
        user, *further = self._proved(new.user_id, username, epoch, factor)
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        user,
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
                        *further,
                    ]
                )
        except ConditionFailed as refused:
            if _SPEND in refused.positions:
                from edge_auth.flows.ports.passkeys import ChallengeSpent  # noqa: PLC0415 - only with a passkey

                raise ChallengeSpent from None
            if _USER in refused.positions:
                raise EpochMoved from None
            if _OLD in refused.positions:
                raise AlreadyEnded from None
            raise TemporarilyUnavailable("the session id exists") from None

    def _proved(
        self, user_id: str, username: str, epoch: int, factor: "FactorUse | PasskeyUse | None"
    ) -> "list[TransactWriteItemTypeDef]":
        """Return the condition on the user, with the use of what was shown, and for a passkey what it spends."""
        if factor is None or isinstance(factor, FactorUse):
            return [user_condition(self._identities_table, user_id, username, epoch, factor)]
        from edge_auth.adapters.dynamodb.passkey_use import spent_marker, update_of  # noqa: PLC0415 - as above

        use = update_of(self._identities_table, user_id, username, epoch, factor)
        return [{"Update": use}, {"Put": spent_marker(self._throttle_table, factor)}]

"""Challenges in DynamoDB. A newer one of the same kind and user takes the place of the older one."""

from typing import TYPE_CHECKING

from edge_auth.accounts.challenge import MAX_GUESSES, Challenge
from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.challenge_items import MAY_BE_ABSENT, challenge_from, challenge_item, challenge_key
from edge_auth.adapters.dynamodb.items import number
from edge_auth.adapters.dynamodb.notices import notice_key
from edge_auth.flows.ports.challenges import ChallengeGone, NewerChallenge
from edge_auth.flows.ports.notices import NoticeName
from edge_auth.tokens.proof_token import Kind

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_IS_NEWER = "expires_at < :expires_at"
# What an operator has made stands until it has ended, was used, or is worth nothing because its user has changed.
_YIELDS = (
    "attribute_not_exists(yields_at) OR yields_at <= :expires_at OR attribute_exists(spent_at) OR binding <> :binding"
)
STORED_KINDS = (Kind.RESET, Kind.CONFIRM, Kind.UNDO)


class DynamoDBChallenges:
    """The port `flows.ports.challenges.Challenges` on the challenges table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def put(self, challenge: Challenge) -> None:
        """Store a challenge, in one write. A repeated write finds its own proof id, and leaves the guesses counted."""
        item = challenge_item(challenge)
        condition = _IS_NEWER if challenge.yields_at_seconds else f"{_IS_NEWER} AND ({_YIELDS})"
        written = [name for name in item if name != "pk"]
        stale = [name for name in MAY_BE_ABSENT if name not in item]
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key={"pk": item["pk"]},
                    UpdateExpression=f"SET {', '.join(f'#{name} = :{name}' for name in written)}{_remove(stale)}",
                    ConditionExpression=f"attribute_not_exists(pk) OR ({condition})",
                    ExpressionAttributeNames={f"#{name}": name for name in (*written, *stale)},
                    ExpressionAttributeValues={f":{name}": item[name] for name in written},
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            if refused.item.get("proof_id") != item["proof_id"]:
                raise NewerChallenge from None

    def find(self, kind: Kind, user_id: str) -> Challenge:
        """Read the newest challenge, strongly consistent."""
        with translated_failures():
            response = self._client.get_item(
                TableName=self._table, Key=challenge_key(kind, user_id), ConsistentRead=True
            )
        item = response.get("Item")
        if item is None:
            raise ChallengeGone
        return challenge_from(item)

    def guess(self, kind: Kind, user_id: str, *, now_seconds: int) -> Challenge:
        """Count a guess, in one write. A write that is repeated after a lost response costs the user a second guess."""
        try:
            with translated_failures():
                response = self._client.update_item(
                    TableName=self._table,
                    Key=challenge_key(kind, user_id),
                    UpdateExpression="SET tries = tries + :one REMOVE deliver",
                    ConditionExpression="tries < :max AND expires_at > :now",
                    ExpressionAttributeValues={
                        ":one": number(1),
                        ":max": number(MAX_GUESSES),
                        ":now": number(now_seconds),
                    },
                    ReturnValues="ALL_NEW",
                )
        except ConditionFailed:
            raise ChallengeGone from None
        return challenge_from(response["Attributes"])

    def end_undo(self, user_id: str) -> None:
        """Delete it, in one write."""
        self._delete([challenge_key(Kind.UNDO, user_id)])

    def forget(self, user_id: str) -> None:
        """Delete all items of a user, in one write. No condition: no id is given to another user."""
        self._delete(items_of(user_id))

    def _delete(self, keys: "list[dict[str, AttributeValueTypeDef]]") -> None:
        with translated_failures():
            self._client.transact_write_items(
                TransactItems=[{"Delete": {"TableName": self._table, "Key": key}} for key in keys]
            )


def items_of(user_id: str) -> "list[dict[str, AttributeValueTypeDef]]":
    """Return the keys of all items that a user may have in the table: challenges and notices."""
    challenges = [challenge_key(kind, user_id) for kind in STORED_KINDS]
    return challenges + [notice_key(user_id, name) for name in NoticeName]


def _remove(names: list[str]) -> str:
    return f" REMOVE {', '.join(f'#{name}' for name in names)}"

"""Sessions in DynamoDB: one item a session, one conditional write a refresh.

Every write has a condition, because an UpdateItem without one creates the item that it does not find.
"""

from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text
from edge_auth.adapters.dynamodb.session_items import age_order, session_from, session_key
from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import Session
from edge_auth.tokens.refresh_token import RefreshToken

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

_EXISTS = "attribute_exists(session_id)"
_HAS_SEED = "seed_hash = :seed_hash"
_IS_NOT_ENDED = "attribute_not_exists(revoked_at)"
_MAY_LIVE = f"{_IS_NOT_ENDED} AND NOT absolute_expires_at <= :now AND NOT idle_expires_at <= :now"
_OF_USER = {"KeyConditionExpression": "user_id = :user_id"}
_IS_CURRENT = f"generation = :generation AND {_HAS_SEED}"
_IS_LIVE = f"{_IS_NOT_ENDED} AND absolute_expires_at > :now AND idle_expires_at > :now"
_IS_OUT_OF_GRACE = "rotated_at_ms <= :rotated_before_ms"
_ROTATE = (
    "SET generation = generation + :one, rotated_at_ms = :now_ms, rotation_id = :rotation_id, "
    "idle_expires_at = :idle_expires_at, user_agent = :user_agent, network = :network"
)
_END = "SET revoked_at = :now, revoked_reason = :reason, end_id = :end_id"


class DynamoDBSessions:
    """The port `flows.ports.sessions.Sessions` on the sessions table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def rotate(
        self,
        token: RefreshToken,
        *,
        rotation_id: str,
        now_ms: int,
        grace_seconds: int,
        idle_expires_at_seconds: int,
        wanted_scope: tuple[str, ...],
        client: ClientDescription,
    ) -> Session:
        """Rotate in one conditional write. A refused write returns the stored item, at no further cost."""
        and_has_scope, words, names = _has_words(wanted_scope)
        try:
            with translated_failures():
                response = self._client.update_item(
                    TableName=self._table,
                    Key=session_key(token.user_id, token.session_id),
                    UpdateExpression=_ROTATE,
                    ConditionExpression=f"{_IS_CURRENT} AND {_IS_LIVE} AND {_IS_OUT_OF_GRACE}{and_has_scope}",
                    ExpressionAttributeValues={
                        ":generation": number(token.generation),
                        ":seed_hash": binary(token.seed_hash),
                        ":now": number(now_ms // 1000),
                        ":now_ms": number(now_ms),
                        ":rotated_before_ms": number(now_ms - grace_seconds * 1000),
                        ":rotation_id": text(rotation_id),
                        ":idle_expires_at": number(idle_expires_at_seconds),
                        ":user_agent": text(client.user_agent),
                        ":network": text(client.network),
                        ":one": number(1),
                        **words,
                    },
                    **names,  # type: ignore[arg-type]  # one mapping of names, or nothing
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            raise RotationRefused(_session_or_none(refused.item)) from None
        return session_from(response["Attributes"])

    def end(
        self, user_id: str, session_id: str, *, seed_hash: bytes | None, reason: str, end_id: str, now_seconds: int
    ) -> None:
        """End the session in one conditional write."""
        condition, seed = (_EXISTS, {}) if seed_hash is None else (_HAS_SEED, {":seed_hash": binary(seed_hash)})
        try:
            with translated_failures():
                self._client.update_item(
                    TableName=self._table,
                    Key=session_key(user_id, session_id),
                    UpdateExpression=_END,
                    ConditionExpression=f"{condition} AND {_IS_NOT_ENDED}",
                    ExpressionAttributeValues={
                        ":now": number(now_seconds),
                        ":reason": text(reason),
                        ":end_id": text(end_id),
                        **seed,
                    },
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            # Perhaps our own write succeeded, its response was lost, and the SDK wrote again.
            if refused.item.get("end_id") != text(end_id):
                raise AlreadyEnded from None

    def find(self, user_id: str, session_id: str) -> Session | None:
        """Read one session, strongly consistent."""
        with translated_failures():
            response = self._client.get_item(
                TableName=self._table, Key=session_key(user_id, session_id), ConsistentRead=True
            )
        return _session_or_none(response.get("Item", {}))

    def living(self, user_id: str, *, now_seconds: int) -> list[Session]:
        """Read the living sessions from the base table, strongly consistent. Damaged dead ones do no harm."""
        values = {":user_id": text(user_id), ":now": number(now_seconds)}
        return [session_from(item) for item in self._query({**_OF_USER, "FilterExpression": _IS_LIVE}, values)]

    def ids_to_end(self, user_id: str) -> list[str]:
        """Read the ids from the base table, strongly consistent. No clock and no damaged attribute hides a session."""
        filtered = {**_OF_USER, "FilterExpression": _IS_NOT_ENDED, "ProjectionExpression": "session_id"}
        return [ItemReader(item).text("session_id") for item in self._query(filtered, {":user_id": text(user_id)})]

    def living_ids(self, user_id: str, *, now_seconds: int) -> list[str]:
        """Read the ids from the base table, strongly consistent. A damaged attribute hides no session."""
        attributes = "session_id, created_at_ms"
        values = {":user_id": text(user_id), ":now": number(now_seconds)}
        items = self._query({**_OF_USER, "FilterExpression": _MAY_LIVE, "ProjectionExpression": attributes}, values)
        return [session_id for _, session_id in sorted(map(age_order, items))]

    def _query(self, expressions: dict[str, str], values: "dict[str, AttributeValueTypeDef]") -> "list[Item]":
        items: list[Item] = []
        with translated_failures():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                ExpressionAttributeValues=values,
                **expressions,  # type: ignore[arg-type]  # three strings, by name
            )
            for page in pages:
                items.extend(page["Items"])
        return items


def _session_or_none(item: "Item") -> Session | None:
    return session_from(item) if item else None


def _has_words(words: tuple[str, ...]) -> "tuple[str, dict[str, AttributeValueTypeDef], dict[str, dict[str, str]]]":
    """Return the condition that a session's scope has these words, its values, and its names as a request's parameter.

    All three are empty if there are no words, because DynamoDB refuses names and values that no expression uses.
    """
    if not words:
        return "", {}, {}
    values = {f":word_{position}": text(word) for position, word in enumerate(words)}
    has_each = [f"contains(#scope, {name})" for name in values]
    return " AND ".join(["", *has_each]), values, {"ExpressionAttributeNames": {"#scope": "scope"}}

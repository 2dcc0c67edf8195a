"""Sessions in DynamoDB: one item a session, one conditional write a refresh, one transaction an end.

Every write has a condition, because an UpdateItem without one creates the item that it does not find. A refresh whose
token is not the newest may need a second write, for a late retry. The partition of a user has only sessions that have
not ended. The records of ends have a partition of their own.
"""

from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.ended_items import (
    PUBLISHED,
    YES,
    ended_from,
    ended_item,
    ended_key,
    ended_partition,
    has_ended,
)
from edge_auth.adapters.dynamodb.items import ItemReader, binary, number, text
from edge_auth.adapters.dynamodb.session_items import (
    EXPIRED_KEPT_SECONDS,
    age_order,
    seen_from,
    session_from,
    session_key,
)
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.session import BODY, Endable, EndedSession, Rotation, SeenSession, Session
from edge_auth.tokens.refresh_token import RefreshToken

if TYPE_CHECKING:
    from collections.abc import Iterator

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
_ANY_TIME_MS = 2**63 - 1  # by a clock that is behind, the last rotation is in the future
_HAS_BASE = "(#base = :base OR attribute_not_exists(#base))"  # an earlier version wrote none
_ADVANCE = (
    "SET #base = :base, generation = generation + :one, rotated_at_ms = :now_ms, rotation_id = :rotation_id, "
    "idle_expires_at = :idle_expires_at, delete_at = :delete_at, user_agent = :user_agent, network = :network"
)
_SET_MACS = ", mac_hash = :mac_hash, earlier_mac_hash = :earlier_mac_hash"  # at a site
_IS_NOT_OURS = "attribute_not_exists(end_id) OR end_id <> :end_id"
_ENDED_SINCE = f"revoked_at >= :since AND attribute_not_exists({PUBLISHED})"
_BASE_NAME = {"#base": "base"}  # DynamoDB reserves the word
_SEEN = "user_id, session_id, generation, seed_hash, #base"
_RECORD = 1  # its position in the transaction that ends a session

# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
MAX_TRANSACTION_ITEMS = 100
# A page is one megabyte, about a thousand sessions. Earlier versions left ended sessions here; a user has more pages
# only of these, or while no login can keep the limit of sessions. Of records of ends, a page has some five thousand.
MAX_PAGES = 4


class DynamoDBSessions:
    """The port `flows.ports.sessions.Sessions` on the sessions table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Use this table."""
        self._client = client
        self._table = table

    def rotate(
        self, token: RefreshToken, rotation: Rotation, *, grace_seconds: int, wanted_scope: tuple[str, ...]
    ) -> Session:
        """Rotate in one conditional write. A refused write returns the stored item, at no further cost."""
        and_has_scope, values, names = _has_words(wanted_scope)
        rotated_before_ms = rotation.now_ms - grace_seconds * 1000 if grace_seconds else _ANY_TIME_MS
        values[":rotated_before_ms"] = number(rotated_before_ms)
        return self._advance(token, rotation, f"{_IS_OUT_OF_GRACE}{and_has_scope}", values, names)

    def retry_late(self, found: Session, rotation: Rotation) -> Session:
        """Issue the next generation for the base, in one conditional write."""
        return self._advance(found, rotation, _HAS_BASE, {}, {})

    def _advance(
        self,
        seen: Endable,
        rotation: Rotation,
        condition: str,
        values: "dict[str, AttributeValueTypeDef]",
        names: dict[str, str],
    ) -> Session:
        """Move a session one generation on from the one that was seen, if it lives and the further condition holds.

        It must be of the transport with which the token came.
        """
        has_transport, transport = _has_transport(rotation.transport)
        set_macs, macs = _set_macs(rotation)
        try:
            with translated_failures():
                response = self._client.update_item(
                    TableName=self._table,
                    Key=session_key(seen.user_id, seen.session_id),
                    UpdateExpression=f"{_ADVANCE}{set_macs}",
                    ConditionExpression=f"{_IS_CURRENT} AND {_IS_LIVE} AND {has_transport} AND {condition}",
                    ExpressionAttributeNames={**_BASE_NAME, **names},
                    ExpressionAttributeValues={
                        ":generation": number(seen.generation),
                        ":base": number(seen.base),
                        ":seed_hash": binary(seen.seed_hash),
                        ":now": number(rotation.now_ms // 1000),
                        ":now_ms": number(rotation.now_ms),
                        ":rotation_id": text(rotation.rotation_id),
                        ":idle_expires_at": number(rotation.idle_expires_at_seconds),
                        ":delete_at": number(rotation.idle_expires_at_seconds + EXPIRED_KEPT_SECONDS),
                        ":user_agent": text(rotation.client.user_agent),
                        ":network": text(rotation.client.network),
                        ":one": number(1),
                        **transport,
                        **macs,
                        **values,
                    },
                    ReturnValues="ALL_NEW",
                    ReturnValuesOnConditionCheckFailure="ALL_OLD",
                )
        except ConditionFailed as refused:
            raise RotationRefused(self._found(seen, refused.item)) from None
        return session_from(response["Attributes"])

    def end(self, session: Endable, *, reason: str, end_id: str, now_seconds: int, is_published: bool = False) -> None:
        """Delete the session and put the record of its end, in one transaction, which the SDK makes safe to send twice.

        The record's condition fails only for the act that has written it, so no record keeps a session alive.
        """
        has_seed = f"{_HAS_SEED} AND " if session.seed_hash else ""
        seed = {"ExpressionAttributeValues": {":seed_hash": binary(session.seed_hash)}} if has_seed else {}
        record = ended_item(session, reason=reason, end_id=end_id, now_seconds=now_seconds, is_published=is_published)
        try:
            with translated_failures():
                self._client.transact_write_items(
                    TransactItems=[
                        {
                            "Delete": {
                                "TableName": self._table,
                                "Key": session_key(session.user_id, session.session_id),
                                "ConditionExpression": f"{has_seed}{_EXISTS} AND {_IS_NOT_ENDED}",
                                **seed,  # type: ignore[typeddict-item]  # one mapping of values, or nothing
                            }
                        },
                        {
                            "Put": {
                                "TableName": self._table,
                                "Item": record,
                                "ConditionExpression": _IS_NOT_OURS,
                                "ExpressionAttributeValues": {":end_id": text(end_id)},
                            }
                        },
                    ]
                )
        except ConditionFailed as refused:
            # Perhaps our own transaction succeeded, its response was lost, and it was sent again.
            if _RECORD not in refused.positions:
                raise AlreadyEnded from None

    def find(self, user_id: str, session_id: str) -> Session | None:
        """Read one session that has not ended, strongly consistent."""
        item = self._read(session_key(user_id, session_id))
        return session_from(item) if item and not has_ended(item) else None

    def find_ended(self, user_id: str, session_id: str) -> EndedSession | None:
        """Read the record of an end, strongly consistent."""
        item = self._read(ended_key(user_id, session_id))
        return ended_from(item) if item else None

    def ended_since(self, user_id: str, since_seconds: int) -> list[str]:
        """Read the records of ends without the mark on the first pages, by random keys, strongly consistent."""
        values = {":user_id": ended_partition(user_id), ":since": number(since_seconds)}
        filtered = {**_OF_USER, "FilterExpression": _ENDED_SINCE, "ProjectionExpression": "session_id, revoked_at"}
        pages = islice(self._pages(filtered, values), MAX_PAGES)  # the filter drops only what was read and paid for
        found = [ItemReader(item) for page in pages for item in page]
        found.sort(key=lambda read: read.number("revoked_at"), reverse=True)
        return [read.text("session_id") for read in found]

    def mark_published(self, user_id: str, session_id: str) -> None:
        """Mark the record in one conditional write."""
        with suppress(ConditionFailed), translated_failures():
            self._client.update_item(
                TableName=self._table,
                Key=ended_key(user_id, session_id),
                UpdateExpression=f"SET {PUBLISHED} = :yes",
                ConditionExpression=_EXISTS,
                ExpressionAttributeValues={":yes": YES},
            )

    def living(self, user_id: str, *, now_seconds: int) -> list[Session]:
        """Read the living sessions from the base table, strongly consistent. Damaged dead ones do no harm."""
        values = {":user_id": text(user_id), ":now": number(now_seconds)}
        pages = list(islice(self._pages({**_OF_USER, "FilterExpression": _IS_LIVE}, values), MAX_PAGES + 1))
        if len(pages) > MAX_PAGES:
            raise TemporarilyUnavailable("more sessions than a list reads")
        return [session_from(item) for page in pages for item in page]

    def to_end(self, user_id: str) -> list[SeenSession]:
        """Read the sessions from the base table, strongly consistent. No clock and no damage hides one."""
        filtered = {**_OF_USER, "FilterExpression": _IS_NOT_ENDED, "ProjectionExpression": _SEEN}
        pages = self._pages(filtered, {":user_id": text(user_id)}, _BASE_NAME)
        return [seen_from(item) for page in pages for item in page]

    def oldest_first(self, user_id: str, *, now_seconds: int) -> list[SeenSession]:
        """Read the sessions of the first pages from the base table, strongly consistent. No damage hides one.

        Each session that a partial list puts beyond a limit is beyond it in the whole list too.
        """
        values = {":user_id": text(user_id), ":now": number(now_seconds)}
        attributes = f"{_SEEN}, created_at_ms"
        filtered = {**_OF_USER, "FilterExpression": _MAY_LIVE, "ProjectionExpression": attributes}
        pages = self._pages(filtered, values, _BASE_NAME)
        items = [item for page in islice(pages, MAX_PAGES) for item in page]
        return [seen_from(item) for item in sorted(items, key=age_order)]

    def forget(self, user_id: str) -> None:
        """Delete the items, many in each transaction. There is no condition: no other write brings an item back.

        The sessions come first: an end that is on its way makes no record once they are deleted.
        """
        for partition in (text(user_id), ended_partition(user_id)):
            keys = {**_OF_USER, "ProjectionExpression": "user_id, session_id"}
            found = [item for page in self._pages(keys, {":user_id": partition}) for item in page]
            for start in range(0, len(found), MAX_TRANSACTION_ITEMS):
                with translated_failures():
                    self._client.transact_write_items(
                        TransactItems=[
                            {"Delete": {"TableName": self._table, "Key": key}}
                            for key in found[start : start + MAX_TRANSACTION_ITEMS]
                        ]
                    )

    def _found(self, seen: Endable, item: "Item") -> Session | EndedSession | None:
        """Return the session of a refused write. Only if there is none, the record of its end is read."""
        if not item:
            item = self._read(ended_key(seen.user_id, seen.session_id))
        if not item:
            return None
        return ended_from(item) if has_ended(item) else session_from(item)

    def _read(self, key: "dict[str, AttributeValueTypeDef]") -> "Item":
        with translated_failures():
            return self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True).get("Item", {})

    def _pages(
        self,
        expressions: dict[str, str],
        values: "dict[str, AttributeValueTypeDef]",
        names: dict[str, str] | None = None,
    ) -> "Iterator[list[Item]]":
        named = {"ExpressionAttributeNames": names} if names else {}
        with translated_failures():
            pages = self._client.get_paginator("query").paginate(
                TableName=self._table,
                ConsistentRead=True,
                ExpressionAttributeValues=values,
                **expressions,  # type: ignore[arg-type]  # three strings, by name
                **named,  # type: ignore[arg-type]  # one mapping of names, or nothing
            )
            for page in pages:
                yield list(page["Items"])


def _has_transport(transport: str) -> "tuple[str, dict[str, AttributeValueTypeDef]]":
    """Return the condition that a session is of this transport, and its values."""
    if transport == BODY:
        return "attribute_not_exists(transport)", {}
    return "transport = :transport", {":transport": text(transport)}


def _set_macs(rotation: Rotation) -> "tuple[str, dict[str, AttributeValueTypeDef]]":
    """Return what else a rotation at a site writes, and its values."""
    if not rotation.mac_hash:
        return "", {}
    hashes = {":mac_hash": rotation.mac_hash, ":earlier_mac_hash": rotation.earlier_mac_hash}
    return _SET_MACS, {name: binary(value) for name, value in hashes.items()}


def _has_words(words: tuple[str, ...]) -> "tuple[str, dict[str, AttributeValueTypeDef], dict[str, str]]":
    """Return the condition that a session's scope has these words, its values, and its names.

    All three are empty if there are no words, because DynamoDB refuses names and values that no expression uses.
    """
    if not words:
        return "", {}, {}
    values = {f":word_{position}": text(word) for position, word in enumerate(words)}
    has_each = [f"contains(#scope, {name})" for name in values]
    return " AND ".join(["", *has_each]), values, {"#scope": "scope"}

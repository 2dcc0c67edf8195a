"""The feed of ended sessions in DynamoDB: one item for the ends of ten seconds, and one for withdrawn keys.

No end is written with a condition: the first end of a slot has to create its item. ADD to a set is atomic, and it does
the same whether it is sent once or twice, before or after others. So the SDK may repeat it, and writers at once lose
nothing. The time of the withdrawn keys has a condition: it never moves back.
"""

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import number, text, text_set
from edge_auth.tokens.ended_feed import FEED, KEPT_SECONDS, KEY_SLOT, SLOT_SECONDS, entry_of, slot_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateItemOutputTypeDef

    from edge_auth.flows.ports.time_and_randomness import Clock

MAX_ENTRIES = 100  # in one write: its request stays small
# Readers read the slots of the last minute, by the time of the store. An entry is never in an older one if its slot is
# no further than this from the time of its write, whatever the writer's clock says.
MAX_SLOT_ERROR_SECONDS = 15

_ADD_SESSIONS = "ADD sids :entries SET delete_at = :delete_at"
_ADD_KEYS = "ADD kids :entries"
_ADD_KEYS_UNTIL = f"{_ADD_KEYS} SET delete_at = :delete_at"
_IS_NOT_KEPT_LONGER = "attribute_not_exists(delete_at) OR delete_at <= :delete_at"


class DynamoDBRevocations:
    """The port `flows.ports.revocations.Revocations` on the revocations table."""

    def __init__(self, client: "DynamoDBClient", *, table: str, clock: "Clock") -> None:
        """Write into this table."""
        self._client = client
        self._table = table
        self._clock = clock

    def publish(self, session_ids: "Iterable[str]") -> None:
        """Add the sessions to the slot of now: a write for each hundred.

        A write by a clock that is wrong, or that has waited for long, is made once more at the time of the store.
        """
        entries = sorted({entry_of(session_id) for session_id in session_ids})
        for start in range(0, len(entries), MAX_ENTRIES):
            self._publish(entries[start : start + MAX_ENTRIES])

    def withdraw_keys(self, kids: "Iterable[str]", *, until_seconds: int) -> None:
        """Add the keys to the item that every read has. The table deletes the item some time after `until_seconds`.

        If keys in it have a later time, the item keeps that one.
        """
        entries = {":entries": text_set(kids)}
        until = {**entries, ":delete_at": number(until_seconds + KEPT_SECONDS)}
        try:
            self._update(KEY_SLOT, _ADD_KEYS_UNTIL, until, ConditionExpression=_IS_NOT_KEPT_LONGER)
        except ConditionFailed:
            self._update(KEY_SLOT, _ADD_KEYS, entries)

    def _publish(self, entries: "Iterable[str]") -> None:
        now_seconds = self._clock() // 1000
        written_at_seconds = self._add_sessions(entries, now_seconds)
        if abs(written_at_seconds - now_seconds) > MAX_SLOT_ERROR_SECONDS:
            self._add_sessions(entries, written_at_seconds)

    def _add_sessions(self, entries: "Iterable[str]", at_seconds: int) -> int:
        """Add the entries to the slot of a time. Return the time of the store, or this time if it does not tell."""
        slot = slot_of(at_seconds)
        delete_at = number(slot * SLOT_SECONDS + KEPT_SECONDS)
        response = self._update(slot, _ADD_SESSIONS, {":entries": text_set(entries), ":delete_at": delete_at})
        date = response["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        try:
            return int(parsedate_to_datetime(date).timestamp())
        except ValueError:
            return at_seconds

    def _update(
        self, slot: int, expression: str, values: "Mapping[str, AttributeValueTypeDef]", **condition: str
    ) -> "UpdateItemOutputTypeDef":
        with translated_failures():
            return self._client.update_item(
                TableName=self._table,
                Key={"feed": text(FEED), "slot": number(slot)},
                UpdateExpression=expression,
                ExpressionAttributeValues=values,
                **condition,  # type: ignore[arg-type]  # a ConditionExpression, or nothing
            )

"""The feed of ended sessions in DynamoDB: one item for the ends of ten seconds, and one for withdrawn keys.

No write here has a condition, unlike those of the other tables. The first end of a slot has to create its item. ADD to
a set is atomic, and it does the same whether it is sent once or twice, before or after others. So the SDK may repeat
it, and writers at once lose nothing.
"""

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.adapters.dynamodb.items import number, text, text_set
from edge_auth.tokens.ended_feed import FEED, KEPT_SECONDS, KEY_SLOT, SLOT_SECONDS, entry_of, slot_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef, UpdateItemOutputTypeDef

    from edge_auth.flows.ports.time_and_randomness import Clock

MAX_ENTRIES = 100  # in one write: its request stays small
# Readers read the slots of the last minute, by the time of the store. An entry is never in an older one if its slot is
# no further than this from the time of its write, whatever the writer's clock says.
MAX_SLOT_ERROR_SECONDS = 15

_ADD_SESSIONS = "ADD sids :entries SET delete_at = :delete_at"
_ADD_KEYS = "ADD kids :entries SET delete_at = :delete_at"


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
        """Add the keys to the item that every read has. The table deletes the item some time after `until_seconds`."""
        self._add(KEY_SLOT, _ADD_KEYS, kids, delete_at=until_seconds + KEPT_SECONDS)

    def _publish(self, entries: "Iterable[str]") -> None:
        now_seconds = self._clock() // 1000
        written_at_seconds = self._add_sessions(entries, now_seconds)
        if abs(written_at_seconds - now_seconds) > MAX_SLOT_ERROR_SECONDS:
            self._add_sessions(entries, written_at_seconds)

    def _add_sessions(self, entries: "Iterable[str]", at_seconds: int) -> int:
        """Add the entries to the slot of a time. Return the time of the store, or this time if it does not tell."""
        slot = slot_of(at_seconds)
        response = self._add(slot, _ADD_SESSIONS, entries, delete_at=slot * SLOT_SECONDS + KEPT_SECONDS)
        date = response["ResponseMetadata"]["HTTPHeaders"].get("date", "")
        try:
            return int(parsedate_to_datetime(date).timestamp())
        except ValueError:
            return at_seconds

    def _add(
        self, slot: int, expression: str, entries: "Iterable[str]", *, delete_at: int
    ) -> "UpdateItemOutputTypeDef":
        key: dict[str, AttributeValueTypeDef] = {"feed": text(FEED), "slot": number(slot)}
        with translated_failures():
            return self._client.update_item(
                TableName=self._table,
                Key=key,
                UpdateExpression=expression,
                ExpressionAttributeValues={":entries": text_set(entries), ":delete_at": number(delete_at)},
            )

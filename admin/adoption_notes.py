"""Notes in the stack's own table of users: what was taken over from a deleted stack, and when that began and ended.

A table or a key is taken over once. A second copy could bring back what has ended in this stack meanwhile.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from admin.retained import CannotAdopt
from admin.times import iso
from edge_auth.adapters.aws import translated_failures
from edge_auth.adapters.dynamodb.ended_items import ENDED_KEPT_SECONDS
from edge_auth.adapters.dynamodb.items import ItemReader, number, text

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

_ADOPTED = "adopted#"


class AdoptionNotes:
    """The notes of one stack. Each has the name of a retained table, or of a key."""

    def __init__(self, client: "DynamoDBClient", *, table: str, clock: Callable[[], int]) -> None:
        """Keep the notes in this table of users. `clock` returns milliseconds."""
        self._client = client
        self._table = table
        self._clock = clock

    def begin(self, name: str, tell: Callable[[str], None]) -> bool:
        """Note that the copy of a table begins, or see that it has begun. Return whether there is still work.

        Raises:
            CannotAdopt: the copy began too long ago to go on.
            TemporarilyUnavailable: the notes could not be read or written.

        """
        note = self._read(name)
        if "done_at" in note:
            tell(f"{name} was taken over at {iso(ItemReader(note).number('done_at'))}; it is left as it is.")
            return False
        now_seconds = self._clock() // 1000
        if not note:
            self._write({**_key(name), "begun_at": number(now_seconds)})
        elif ItemReader(note).number("begun_at") + ENDED_KEPT_SECONDS <= now_seconds:
            raise CannotAdopt(
                f"the copy of {name} began too long ago to go on: sessions that have ended since could live again"
            )
        return True

    def finish(self, name: str) -> None:
        """Note that the copy is done. A note that says so already stays. Raises TemporarilyUnavailable."""
        note = self._read(name)
        if "done_at" not in note:
            self._write({**_key(name), **note, "done_at": number(self._clock() // 1000)})

    def is_finished(self, name: str) -> bool:
        """Whether it was taken over before. Raises TemporarilyUnavailable."""
        return "done_at" in self._read(name)

    def _write(self, note: "dict[str, AttributeValueTypeDef]") -> None:
        with translated_failures():
            self._client.put_item(TableName=self._table, Item=note)

    def _read(self, name: str) -> "dict[str, AttributeValueTypeDef]":
        with translated_failures():
            answer = self._client.get_item(TableName=self._table, Key=_key(name), ConsistentRead=True)
        return answer.get("Item", {})


def _key(name: str) -> "dict[str, AttributeValueTypeDef]":
    return {"pk": text(_ADOPTED + name)}

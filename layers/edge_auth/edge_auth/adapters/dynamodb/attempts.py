"""Attempts in DynamoDB, counted by conditional writes: many instances let through no more attempts than one."""

from contextlib import suppress
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import ItemReader, number, numbers, text
from edge_auth.errors import TooManyAttempts
from edge_auth.throttling.counters import PROVEN_SECONDS, Backoff, Counted, Rate, bucket
from edge_auth.throttling.rule import next_attempt, next_booking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

SECOND_LOOKS = 3  # an attempt that loses to this many others at once waits a second

_COUNT_FREE = (
    "SET attempts = if_not_exists(attempts, :zero) + :one, counted_at_ms = :now_ms, free_at_ms = :now_ms, "
    "proven = if_not_exists(proven, :none), delete_at = if_not_exists(delete_at, :delete_at)"
)
# Old attempts are forgotten only if they cause a wait. To forget them here would take a second write. Only existing
# accounts keep their old counters (for their proven sources), so the longer time would reveal them.
_IS_FREE = "attribute_not_exists(attempts) OR (attempts < :free AND free_at_ms <= :now_ms)"
_COUNT = "SET attempts = :attempts, counted_at_ms = :now_ms, free_at_ms = :free_at_ms, delete_at = :delete_at"
_IS_AS_FOUND = "attempts = :found_attempts AND counted_at_ms = :found_counted_at_ms"
_SUCCEED = "SET attempts = :zero, free_at_ms = :now_ms, proven = :proven, delete_at = :delete_at"
_IS_COUNTED = "attribute_exists(attempts)"
_BEGIN = "SET taken_until_ms = :taken_until_ms, delete_at = :delete_at"
_IS_IDLE = "attribute_not_exists(taken_until_ms) OR taken_until_ms <= :now_ms"
_BOOK = "SET taken_until_ms = taken_until_ms + :interval_ms, delete_at = :delete_at"
_HAS_ROOM = "taken_until_ms <= :latest_ms"


class DynamoDBAttempts:
    """The port `flows.ports.attempts.Attempts` on the throttle table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Count in this table."""
        self._client = client
        self._table = table

    def count(self, account: str, backoff: Backoff, *, source: str, now_ms: int) -> Counted:
        """Count an attempt: one write while attempts are free, two after that."""
        try:
            return self._count_free(account, backoff, now_ms)
        except ConditionFailed as refused:
            found = _counted(account, refused.item)
        for _ in range(SECOND_LOOKS):
            try:
                counted = next_attempt(found, backoff, now_ms)
            except TooManyAttempts:
                if not found.is_proven(source, now_ms):
                    raise
                own = self.count(bucket(account, source), backoff, source="", now_ms=now_ms)
                return own._replace(proven=found.proven)
            try:
                return self._write(found, counted, backoff)
            except ConditionFailed as refused:
                found = _counted(account, refused.item)
        raise TooManyAttempts(1)

    def succeed(self, account: str, counted: Counted, *, source: str, now_ms: int) -> None:
        """Forget the attempts and remember the source, at every success."""
        if counted.bucket != account:
            self._reset(counted.bucket, {}, now_ms)
        self._reset(account, counted.with_proven(source, now_ms), now_ms)

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt: one write while the source is idle, two while it is busy."""
        values = {":now_ms": number(now_ms), ":taken_until_ms": number(next_booking(0, rate, now_ms))}
        delete_at = number(now_ms // 1000 + rate.seconds + rate.ahead_ms // 1000)
        try:
            self._update(source, _BEGIN, _IS_IDLE, {**values, ":delete_at": delete_at})
        except ConditionFailed:
            latest_ms = now_ms + rate.ahead_ms
            values = {":interval_ms": number(rate.interval_ms), ":latest_ms": number(latest_ms)}
            try:
                self._update(source, _BOOK, _HAS_ROOM, {**values, ":delete_at": delete_at})
            except ConditionFailed as refused:
                if refused.item:
                    next_booking(ItemReader(refused.item).number("taken_until_ms"), rate, now_ms)
                raise TooManyAttempts(1) from None

    def _count_free(self, account: str, backoff: Backoff, now_ms: int) -> Counted:
        values = {
            ":zero": number(0),
            ":one": number(1),
            ":none": numbers({}),
            ":free": number(backoff.free_attempts - 1),
            ":now_ms": number(now_ms),
            ":delete_at": number(now_ms // 1000 + backoff.memory_seconds),
        }
        return _counted(account, self._update(account, _COUNT_FREE, _IS_FREE, values))

    def _write(self, found: Counted, counted: Counted, backoff: Backoff) -> Counted:
        now_ms = counted.counted_at_ms
        values = {
            ":attempts": number(counted.attempts),
            ":now_ms": number(now_ms),
            ":free_at_ms": number(counted.free_at_ms),
            ":delete_at": number(max(now_ms // 1000 + backoff.memory_seconds, *found.proven.values(), 0)),
            ":found_attempts": number(found.attempts),
            ":found_counted_at_ms": number(found.counted_at_ms),
        }
        return _counted(found.bucket, self._update(found.bucket, _COUNT, _IS_AS_FOUND, values))

    def _reset(self, counter: str, proven: dict[str, int], now_ms: int) -> None:
        values = {
            ":zero": number(0),
            ":now_ms": number(now_ms),
            ":proven": numbers(proven),
            ":delete_at": number(now_ms // 1000 + PROVEN_SECONDS),
        }
        with suppress(ConditionFailed):  # the counter was deleted in the meantime: nothing is left to forget
            self._update(counter, _SUCCEED, _IS_COUNTED, values)

    def _update(
        self, counter: str, expression: str, condition: str, values: "dict[str, AttributeValueTypeDef]"
    ) -> "Item":
        with translated_failures():
            response = self._client.update_item(
                TableName=self._table,
                Key={"bucket": text(counter)},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        return response.get("Attributes", {})


def _counted(counter: str, item: "Item") -> Counted:
    read = ItemReader(item)
    return Counted(
        counter,
        read.number("attempts"),
        read.number("free_at_ms"),
        read.number("counted_at_ms"),
        read.numbers("proven"),
    )

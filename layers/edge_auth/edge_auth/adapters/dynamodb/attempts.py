"""Attempts in DynamoDB, counted by conditional writes: many instances let through no more attempts than one.

A counter of passwords has its attempts as texts in sets, so attempts and outcomes of many instances commute. A text has
the time and the id of its attempt. So a write that is repeated after a lost response recognizes itself.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from edge_auth.adapters.aws import ConditionFailed, translated_failures
from edge_auth.adapters.dynamodb.items import ItemReader, number, text, text_set
from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.throttling.counters import KEPT_SECONDS, NO_ATTEMPT, Attempt, Backoff, Booked, Counted, Rate, Tries
from edge_auth.throttling.rule import AttemptsUndecided, forgotten, next_attempt, next_booking

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    from edge_auth.adapters.dynamodb.items import Item

SECOND_LOOKS = 3  # an attempt that loses to this many others at once asks again later

# A free attempt does not make its counter live longer, and only a failure takes forgotten ones out. So after a success
# the next attempt takes the same writes as before it. The first step of a login in two is a failure until the second.
_COUNT_FREE = "ADD tries :attempt SET delete_at = if_not_exists(delete_at, :delete_at)"
_IS_FREE = "attribute_not_exists(tries) OR size(tries) < :free_attempts"
_HAS_NONE = "attribute_not_exists(tries)"
_HAS_THESE = "tries = :found_tries"
_FORGET_OUTCOMES = " DELETE failed :stale"
_COUNT_WAITED = "SET waited = :waited, last_try = :last_try, delete_at = :delete_at"
_NEVER_WAITED = "tries = :found_tries AND attribute_not_exists(last_try)"
_WAITED_BEFORE = "tries = :found_tries AND last_try = :found_last_try"
_FAIL = "ADD failed :attempt SET delete_at = :delete_at"
_TAKE_OUT = " DELETE tries :forgotten"
_FORGET = "DELETE tries :attempt, failed :attempt"  # the first step of a login has failed until the second
_IS_COUNTED = "contains(tries, :counted)"
_END_WAIT = "REMOVE tries, failed, waited, last_try"
_EXISTS = "attribute_exists(delete_at)"
_BEGIN = "SET taken_until_ms = :taken_until_ms, seen_ms = :seen_ms, delete_at = :delete_at"
_IS_IDLE = "attribute_not_exists(taken_until_ms) OR taken_until_ms <= :seen_ms"
_BOOK = "SET taken_until_ms = taken_until_ms + :interval_ms, seen_ms = :seen_ms, delete_at = :delete_at"
_HAS_ROOM = "taken_until_ms <= :latest_ms"


class DynamoDBAttempts:
    """The port `flows.ports.attempts.Attempts` on the throttle table."""

    def __init__(self, client: "DynamoDBClient", *, table: str) -> None:
        """Count in this table."""
        self._client = client
        self._table = table

    def count(self, counter: str, attempt: Attempt, backoff: Backoff) -> Counted:
        """Count an attempt: one write while attempts are free, two after that."""
        values = {**_of(attempt), ":free_attempts": number(backoff.free_attempts)}
        try:
            self._update(counter, _COUNT_FREE, _IS_FREE, values)
        except ConditionFailed as refused:
            found = _read(refused.item)
        else:
            return Counted(counter, attempt, is_free=True)
        for _ in range(SECOND_LOOKS):
            after = next_attempt(found, attempt, backoff)
            try:
                if after != found:
                    self._write(counter, attempt, found, after)
            except ConditionFailed as refused:
                found = _read(refused.item)
            else:
                return Counted(counter, attempt, attempt in after.free, forgotten(found, attempt, backoff))
        raise AttemptsUndecided

    def fail(self, counted: Counted) -> None:
        """Note a failure, in one write. Nothing is left to note if the counter was deleted in the meantime."""
        act, values = _FAIL, _of(counted.attempt)
        if counted.forgotten:
            act += _TAKE_OUT
            values[":forgotten"] = text_set(map(_written, counted.forgotten))
        self._decide(counted, act, values)

    def forget(self, counted: Counted, earlier: Attempt | None = None) -> None:
        """Forget a success, in one write. Nothing is left to forget if the counter was deleted in the meantime."""
        attempts = [counted.attempt, *([earlier] if earlier else [])]
        self._decide(counted, _FORGET, {":attempt": text_set(map(_written, attempts))})

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt: one write while the source is idle or has to wait, two while it is busy."""
        first, delete_at = next_booking(Booked(), rate, now_ms), _delete_at(now_ms)
        values = {":taken_until_ms": number(first.taken_until_ms), ":seen_ms": number(first.seen_ms)}
        try:
            self._update(source, _BEGIN, _IS_IDLE, {**values, ":delete_at": delete_at})
        except ConditionFailed as busy:
            after = next_booking(_booked(busy.item), rate, now_ms)
        else:
            return
        for _ in range(SECOND_LOOKS):
            values = {":interval_ms": number(rate.interval_ms), ":latest_ms": number(after.seen_ms + rate.ahead_ms)}
            values |= {":seen_ms": number(after.seen_ms), ":delete_at": delete_at}
            try:
                self._update(source, _BOOK, _HAS_ROOM, values)
            except ConditionFailed as full:
                after = next_booking(_booked(full.item), rate, now_ms)
            else:
                return
        raise TooManyAttempts(1)

    def end_wait(self, counter: str) -> None:
        """Empty a counter, if there is one, in one write."""
        with suppress(ConditionFailed):
            self._update(counter, _END_WAIT, _EXISTS, {})

    def _write(self, counter: str, attempt: Attempt, found: Tries, after: Tries) -> None:
        values = {":found_tries": text_set(map(_written, found.free))} if found.free else {}
        if attempt in after.free:
            act, condition = _COUNT_FREE, _HAS_THESE if found.free else _HAS_NONE
            values |= _of(attempt)
            if stale := found.failed - found.free:
                act += _FORGET_OUTCOMES
                values[":stale"] = text_set(map(_written, stale))
        else:
            act, condition = _COUNT_WAITED, _NEVER_WAITED if found.last == NO_ATTEMPT else _WAITED_BEFORE
            values |= {":waited": number(after.waited), ":last_try": text(_written(after.last))}
            values[":delete_at"] = _delete_at(attempt.at_ms)
            if found.last != NO_ATTEMPT:
                values[":found_last_try"] = text(_written(found.last))
        self._update(counter, act, condition, values)

    def _decide(self, counted: Counted, act: str, values: "dict[str, AttributeValueTypeDef]") -> None:
        with suppress(ConditionFailed):
            self._update(counted.counter, act, _IS_COUNTED, {**values, ":counted": text(_written(counted.attempt))})

    def _update(
        self, counter: str, expression: str, condition: str, values: "dict[str, AttributeValueTypeDef]"
    ) -> None:
        given: dict[str, Any] = {"ExpressionAttributeValues": values} if values else {}  # it may not be empty
        with translated_failures():
            self._client.update_item(
                TableName=self._table,
                Key={"bucket": text(counter)},
                UpdateExpression=expression,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **given,
            )


def _booked(item: "Item") -> Booked:
    read = ItemReader(item)
    return Booked(read.optional_number("taken_until_ms") or 0, read.optional_number("seen_ms") or 0)


def _of(attempt: Attempt) -> "dict[str, AttributeValueTypeDef]":
    return {":attempt": text_set({_written(attempt)}), ":delete_at": _delete_at(attempt.at_ms)}


def _delete_at(now_ms: int) -> "AttributeValueTypeDef":
    return number(now_ms // 1000 + KEPT_SECONDS)


def _read(item: "Item") -> Tries:
    read = ItemReader(item)
    return Tries(
        free=frozenset(map(_attempt, read.text_set("tries"))),
        failed=frozenset(map(_attempt, read.text_set("failed"))),
        waited=read.optional_number("waited") or 0,
        last=_attempt(read.text("last_try")) if "last_try" in item else NO_ATTEMPT,
    )


def _written(attempt: Attempt) -> str:
    return f"{attempt.at_ms} {attempt.attempt_id}"


def _attempt(written: str) -> Attempt:
    at_ms, _, attempt_id = written.partition(" ")
    if not at_ms.isdecimal():
        raise TemporarilyUnavailable("damaged item: an attempt")
    return Attempt(attempt_id, int(at_ms))

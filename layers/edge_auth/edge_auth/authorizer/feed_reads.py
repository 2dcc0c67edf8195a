"""Reads the feed of ended sessions: one strongly consistent Query, from a slot on."""

import re
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import CallTable
from edge_auth.tokens.ended_feed import FEED, KEY_SLOT, slot_of

MAX_PAGES = 64  # a page is 1 MB: two hours of more ends than one partition of a table can take

_NUMBER = re.compile(r"[0-9]{1,10}")


class Reading(NamedTuple):
    """What the feed said. `slots` has the entries of each slot. `date_seconds`: the store's time, if it said so.

    The time is that of the first page, because the later pages do not bring what came into an earlier one meanwhile.
    """

    slots: dict[int, list[str]]
    withdrawn_kids: frozenset[str]
    date_seconds: int | None


def read_feed(call: CallTable, since_seconds: int) -> Reading:
    """Return all that the feed says of the sessions that have ended since a time, in seconds since 1970.

    Raises:
        RequestFailed: also if any page could not be read, or any item has another form.

    """
    first = call("Query", _query(since_seconds))
    slots, kids = dict[int, list[str]](), frozenset[str]()
    page = first
    for _ in range(MAX_PAGES):
        for slot, sids, withdrawn in _items(page.members):
            if slot == KEY_SLOT:
                kids = frozenset(withdrawn)
            else:
                slots[slot] = sids
        after = page.members.get("LastEvaluatedKey")
        if after is None:
            return Reading(slots, kids, first.date_seconds)
        page = call("Query", {**_query(since_seconds), "ExclusiveStartKey": after})
    raise RequestFailed("more pages than a feed can have")


def _query(since_seconds: int) -> dict[str, object]:
    return {
        "ConsistentRead": True,  # so a read has every end that was acknowledged before it began
        "KeyConditionExpression": "feed = :feed AND slot >= :slot",
        "ExpressionAttributeValues": {":feed": {"S": FEED}, ":slot": {"N": str(max(slot_of(since_seconds), 0))}},
        "ProjectionExpression": "slot, sids, kids",
    }


def _items(members: Mapping[str, object]) -> list[tuple[int, list[str], list[str]]]:
    items = members.get("Items")
    if not isinstance(items, list):
        _fail("no items")
    return [_item(item) for item in items]


def _item(item: object) -> tuple[int, list[str], list[str]]:
    if not isinstance(item, dict):
        _fail("not an item")
    return _slot(item.get("slot")), _texts(item.get("sids")), _texts(item.get("kids"))


def _slot(value: object) -> int:
    number = value.get("N") if isinstance(value, dict) else None
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        _fail("an item without a slot")
    return int(number)


def _texts(value: object) -> list[str]:
    if value is None:
        return []
    texts = value.get("SS") if isinstance(value, dict) else None
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        _fail("an item without a set of texts")
    return texts


def _fail(reason: str) -> NoReturn:
    raise RequestFailed(reason)

"""The Query of the feed: what it asks, and what it makes of the answers."""

from collections.abc import Mapping
from typing import Any

import pytest

from edge_auth.authorizer.feed_reads import MAX_PAGES, Reading, read_feed
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.tokens.ended_feed import KEY_SLOT

SINCE = 1_800_000_007
GOOD = {"slot": {"N": "180000001"}, "sids": {"SS": ["aaaaaaaaaaa", "bbbbbbbbbbb"]}}
KEYS = {"slot": {"N": str(KEY_SLOT)}, "kids": {"SS": ["key-1"]}}


class Table:
    """Answers each page in its turn. The last page comes again and again."""

    def __init__(self, *pages: Mapping[str, Any]) -> None:
        """Keep the pages."""
        self.pages = pages
        self.asked: list[Mapping[str, Any]] = []

    def read(self, operation: str, parameters: Mapping[str, Any]) -> Reply:
        """Answer with the next page. The store's time goes on by a second for each."""
        assert operation == "Query"
        self.asked.append(parameters)
        return Reply(dict(self.pages[min(len(self.asked), len(self.pages)) - 1]), 100 + len(self.asked))


def test_the_read_is_strong_and_begins_at_a_slot() -> None:
    """The item of the withdrawn keys has the highest slot, so each read has it."""
    table = Table({"Items": [GOOD, KEYS]})

    assert read_feed(table.read, SINCE) == Reading(
        {180_000_001: ["aaaaaaaaaaa", "bbbbbbbbbbb"]}, frozenset({"key-1"}), 101
    )
    assert table.asked == [
        {
            "ConsistentRead": True,
            "KeyConditionExpression": "feed = :feed AND slot >= :slot",
            "ExpressionAttributeValues": {":feed": {"S": "ended"}, ":slot": {"N": "180000000"}},
            "ProjectionExpression": "slot, sids, kids",
        }
    ]


def test_all_pages_are_read_and_the_time_is_that_of_the_first() -> None:
    """What comes into the first page while the second is read is for the next read, which begins before it."""
    after = {"feed": {"S": "ended"}, "slot": {"N": "180000001"}}
    table = Table({"Items": [], "LastEvaluatedKey": after}, {"Items": [GOOD], "LastEvaluatedKey": after}, {"Items": []})

    assert read_feed(table.read, SINCE) == Reading({180_000_001: ["aaaaaaaaaaa", "bbbbbbbbbbb"]}, frozenset(), 101)
    assert [asked.get("ExclusiveStartKey") for asked in table.asked] == [None, after, after]


def test_a_time_before_1970_is_the_first_slot() -> None:
    """So a clock that is wrong by decades still asks for numbers that a table has."""
    table = Table({"Items": []})

    assert read_feed(table.read, -965) == Reading({}, frozenset(), 101)
    assert table.asked[0]["ExpressionAttributeValues"][":slot"] == {"N": "0"}


@pytest.mark.parametrize(
    "page",
    [
        {},
        {"Items": None},
        {"Items": [None]},
        {"Items": [{}]},
        {"Items": [{"slot": {"S": "1"}}]},
        {"Items": [{"slot": {"N": "-1"}}]},
        {"Items": [{"slot": {"N": "1e9"}}]},
        {"Items": [{"slot": {"N": 1}}]},
        {"Items": [{**GOOD, "sids": {"L": []}}]},
        {"Items": [{**GOOD, "sids": {"SS": [1]}}]},
        {"Items": [{**GOOD, "sids": ["aaaaaaaaaaa"]}]},
        {"Items": [{**KEYS, "kids": {"S": "key-1"}}]},
        {"Items": [GOOD, {"slot": {}}]},
    ],
)
def test_a_damaged_item_is_a_read_that_failed(page: Mapping[str, Any]) -> None:
    """A half-read feed would let tokens through that should be refused."""
    with pytest.raises(RequestFailed):
        read_feed(Table(page).read, SINCE)


def test_an_endless_feed_is_a_read_that_failed() -> None:
    """The thread of the read must end."""
    table = Table({"Items": [], "LastEvaluatedKey": {"slot": {"N": "1"}}})

    with pytest.raises(RequestFailed, match="more pages"):
        read_feed(table.read, SINCE)
    assert len(table.asked) == MAX_PAGES + 1


def test_an_item_without_entries_or_keys_has_none() -> None:
    """DynamoDB stores no empty set: the attribute is absent then."""
    items = [{"slot": {"N": "7"}}, {"slot": {"N": str(KEY_SLOT)}}]

    assert read_feed(lambda _operation, _parameters: Reply({"Items": items}, 5), 0) == Reading({7: []}, frozenset(), 5)

"""The items of attempts: their size, their deletion, and what a success leaves in them."""

from typing import Any

import pytest

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.throttling.counters import KEPT_SECONDS
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.dynamodb.counting import BACKOFF, NOW_MS, Counting


def test_a_counter_that_ttl_deletes_or_keeps_makes_no_difference(stored: Counting) -> None:
    """P8: the time of deletion is the same for every counter, and a counter past it says nothing any more."""
    stored.succeeds("ada")
    stored.fails("bob")
    for _ in range(3):
        stored.fails("eve")
    stored.passes(0.5)
    stored.waits("eve")
    stored.books("home")
    times = {item["bucket"]["S"]: int(item["delete_at"]["N"]) for item in stored.items()}
    assert times == dict.fromkeys(("ada", "bob", "eve", "home"), NOW_MS // 1000 + KEPT_SECONDS)
    stored.passes(KEPT_SECONDS)
    for account in ("ada", "bob", "eve", "new"):
        assert [stored.fails(account) for _ in range(3)] == [True] * 3
        assert stored.waits(account) == 1


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_success_leaves_the_counter_as_it_was(stored: Counting, days: int) -> None:
    """P8: not even the time of deletion moves, so no later attempt costs more or less because of it."""
    for _ in range(3):
        stored.fails()
    if not days:
        stored.attempts.end_wait("ada")
        stored.fails()
    stored.passes(days * BACKOFF.memory_seconds)
    before = stored.items()
    stored.succeeds()
    assert stored.items() == before


def test_a_failure_takes_out_what_is_forgotten(stored: Counting) -> None:
    """The counter does not grow, however often it was full."""
    for _ in range(4):
        for _ in range(3):
            assert stored.fails() is True
        assert stored.waits() == 1
        stored.passes(BACKOFF.memory_seconds)
    stored.fails()
    [item] = stored.items()
    assert len(item["tries"]["SS"]) == 1
    assert len(item["failed"]["SS"]) <= 2 * BACKOFF.free_attempts


def test_logins_in_two_steps_leave_nothing_in_the_counter(stored: Counting) -> None:
    """The first step has failed until the second one has passed. Then neither of them is left, in either set."""
    stored.fails()
    [before] = stored.items()
    for _ in range(50):
        first = stored.tries()
        stored.attempts.fail(first)
        second = stored.tries()
        stored.attempts.forget(second, earlier=first.attempt)
    assert stored.items() == [before]


def test_a_counter_of_an_earlier_version_changes_nothing(stored: Counting) -> None:
    """The attributes of the counters before this layout are not read, even if one had the same name."""
    assert stored.client is not None
    old: Any = {
        "bucket": {"S": "ada"},
        "attempts": {"N": "50"},
        "counted_at_ms": {"N": str(NOW_MS)},
        "free_at_ms": {"N": str(NOW_MS + 900_000)},
        "proven": {"M": {"x": {"N": "1"}}},
        "delete_at": {"N": "2000000000"},
    }
    stored.client.put_item(TableName=stored.table, Item=old)
    assert [stored.fails() for _ in range(3)] == [True] * 3
    assert stored.waits() == 1


def test_a_counter_stays_within_one_write_unit(stored: Counting) -> None:
    """A counter has less than 1 KB after any number of attempts, so each write of it costs one unit."""
    account = "a" * 32  # as long as the name of a counter
    for _ in range(40):
        try:
            counted = stored.attempts.count(account, stored.attempt(), PASSWORD_BACKOFF)
            if counted.is_free:
                stored.attempts.fail(counted)
        except TooManyAttempts as error:
            stored.passes(error.retry_after_seconds)
    [item] = stored.items()
    size = sum(len(name) + sum(map(len, value.get("SS", value.values()))) for name, value in item.items())
    assert 400 < size < 1024


@pytest.mark.parametrize(
    "damage",
    [
        {"tries": {"S": "x"}},
        {"tries": {"SS": [f"{number}" for number in "abc"]}},
        {"tries": {"SS": ["1 a", "2 b", "3 c"]}, "failed": {"N": "1"}},
        {"tries": {"SS": ["1 a", "2 b", "3 c"]}, "last_try": {"S": "x"}},
        {"tries": {"SS": ["1 a", "2 b", "3 c"]}, "waited": {"S": "x"}},
    ],
)
def test_a_damaged_counter_lets_no_attempt_through(stored: Counting, damage: Any) -> None:  # noqa: ANN401 - an item
    """P16: the limit fails closed, and an operator who ends the wait repairs the counter."""
    assert stored.client is not None
    stored.client.put_item(TableName=stored.table, Item={"bucket": {"S": "ada"}, "delete_at": {"N": "9"}, **damage})
    with pytest.raises(TemporarilyUnavailable):
        stored.tries()
    stored.attempts.end_wait("ada")
    assert stored.fails() is True

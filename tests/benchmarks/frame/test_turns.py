"""Calls in turn."""

from functools import partial

import pytest

from benchmarks.frame import turns


def test_each_round_calls_everything_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call always follows the same other call."""
    monkeypatch.setattr(turns, "BATCH_MS", 0)
    calls: list[str] = []

    times = turns.in_turn({name: partial(calls.append, name) for name in "abc"}, rounds=50)

    assert {name: len(values) for name, values in times.items()} == {"a": 50, "b": 50, "c": 50}
    rounds = ["".join(calls[-150:][start : start + 3]) for start in range(0, 150, 3)]
    assert all(sorted(each) == ["a", "b", "c"] for each in rounds)
    assert len(set(rounds)) == 6

import random
from functools import partial

import pytest

from benchmarks.frame import samples
from benchmarks.frame.samples import gap, p_value, ratio, summary


def test_a_summary_is_the_median_and_the_outer_ventiles() -> None:
    """For 0 to 100 they are 50, 5 and 95."""
    assert summary(range(101)) == {"median": 50, "p5": 5, "p95": 95, "count": 101}


def test_a_ratio_is_taken_pair_by_pair() -> None:
    """If the machine is twice as slow in half of the turns, no ratio changes."""
    references = [1.0, 1.0, 2.0, 2.0]

    assert ratio([3.0, 3.0, 6.0, 6.0], references) == {"median": 3, "p25": 3, "p75": 3}


def test_pairs_are_complete() -> None:
    """A value without its reference belongs to another turn."""
    with pytest.raises(ValueError, match="longer"):
        ratio([1.0], [1.0, 2.0])


def test_samples_of_one_distribution_do_not_differ() -> None:
    """Of a hundred pairs, about one is below 0.01, and about half are below 0.5."""
    chance = random.Random(1)  # noqa: S311 - a sample, not a secret
    values = [
        p_value([chance.gauss(0, 1) for _ in range(60)], [chance.gauss(0, 1) for _ in range(60)]) for _ in range(200)
    ]
    assert sum(value < 0.01 for value in values) <= 8
    assert 60 <= sum(value < 0.5 for value in values) <= 140


def test_a_small_shift_is_found() -> None:
    """The shift is two per cent of a time that spreads by three per cent, in 500 pairs."""
    chance = random.Random(2)  # noqa: S311 - a sample, not a secret
    first = [chance.gauss(1, 0.03) for _ in range(500)]
    second = [chance.gauss(1.02, 0.03) for _ in range(500)]
    assert p_value(first, second) < 1e-6


@pytest.mark.parametrize(("first", "second"), [([1.0] * 30, [1.0] * 30), (list(range(30)), list(range(30)))])
def test_equal_samples_are_equal(first: list[float], second: list[float]) -> None:
    """This holds with ties too."""
    assert p_value(first, second) == pytest.approx(1.0)


def test_the_known_value_of_a_small_example() -> None:
    """Two samples of five without an overlap: U is 0, and z is 12.5 / sqrt(22.917), which is 2.611."""
    assert p_value([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(0.00902, abs=1e-5)


def test_each_round_calls_everything_in_an_order_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No call always follows the same other call."""
    monkeypatch.setattr(samples, "BATCH_MS", 0)
    calls: list[str] = []

    times = samples.in_turn({name: partial(calls.append, name) for name in "abc"}, rounds=50)

    assert {name: len(values) for name, values in times.items()} == {"a": 50, "b": 50, "c": 50}
    rounds = ["".join(calls[-150:][start : start + 3]) for start in range(0, 150, 3)]
    assert all(sorted(each) == ["a", "b", "c"] for each in rounds)
    assert len(set(rounds)) == 6


def test_a_gap_is_taken_pair_by_pair() -> None:
    """If the machine is slower in half of the turns, no difference changes."""
    references = [1.0, 1.0, 5.0, 5.0]

    assert gap([1.5, 1.5, 5.5, 5.5], references) == {"median": 0.5, "low": 0.5, "high": 0.5}


def test_the_interval_of_a_gap_has_the_true_gap_19_times_of_20() -> None:
    """The differences of 200 pairs spread by ten times the gap."""
    chance = random.Random(3)  # noqa: S311 - a sample, not a secret
    gaps = [gap([chance.gauss(0.1, 1) for _ in range(200)], [0.0] * 200) for _ in range(200)]

    assert 182 <= sum(each["low"] <= 0.1 <= each["high"] for each in gaps) <= 198

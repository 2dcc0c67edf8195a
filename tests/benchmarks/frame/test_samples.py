import pytest

from benchmarks.frame.samples import ratio, summary


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

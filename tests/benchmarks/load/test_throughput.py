"""The report on throughput, and the check that no rotation was lost."""

from typing import Any

import pytest

from benchmarks.load.throughput import check_rotations, knee, table

LEVEL = {
    "workers": 2,
    "per_second": 400.4,
    "p50": 2.04,
    "p95": 3.0,
    "p99": 12.5,
    "count": 1600,
    "workers_cores": 0.5,
    "engine_cores": 0.25,
    "machine_cores": 1.97,
}


def levels(*per_second: float) -> list[dict[str, Any]]:
    """Return levels of 1, 2, 4, … workers."""
    return [{"workers": 2**number, "per_second": value} for number, value in enumerate(per_second)]


def test_the_knee_is_the_first_level_that_gains_less_than_a_tenth() -> None:
    """The gain is over the level before. Later levels do not count."""
    assert knee(levels(100, 190, 205, 400)) == 4
    assert knee(levels(100, 110, 122)) is None
    assert knee(levels(100, 109)) == 2
    assert knee(levels(100, 60)) == 2
    assert knee(levels(100)) is None


@pytest.mark.parametrize("in_table", [9, 11])
def test_a_rotation_that_was_lost_or_happened_twice_stops_the_benchmark(in_table: int) -> None:
    """Each answer must be exactly one rotation."""
    check_rotations(10, 10)
    with pytest.raises(RuntimeError, match=f"10 refresh tokens were given out, and the table has {in_table} rotations"):
        check_rotations(10, in_table)


def test_a_table_says_where_the_knees_are_and_whose_cores_were_used() -> None:
    """It also shows a knee that was not reached, and the cores of the whole machine."""
    figures = {
        "engine": "an engine",
        "cores": 2,
        "operations": {"refresh": {"levels": [LEVEL, LEVEL]}, "login": {"levels": [LEVEL]}},
        "rotations": {"answered": 77, "in_table": 77},
        "one_session": {"answered": 50, "tokens": 3, "in_table": 3},
    }

    text = table(figures)

    assert "| refresh | 2 | 400 | 2.0 | 3.0 | 12.5 | 0.50 | 0.25 | 1.97 | 1.9 |" in text
    assert "Knees, in workers: refresh 2, login not reached. Workers and engine share the 2 cores." in text
    assert "Of 77 refreshes that were answered, 77 are rotations in the table" in text
    assert "50 refreshes were answered with 3 refresh tokens, by 3 rotations" in text

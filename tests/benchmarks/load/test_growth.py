"""Cost by the number of sessions. The counts are the same on any engine, and the table names constant costs."""

from typing import Any

import pytest

from benchmarks.load import growth
from benchmarks.load.growth import Growth, table
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.functions import running


def point(sessions: int, **read_units: float) -> dict[str, Any]:
    """Return a point whose operations are one request with this many read units."""
    counts = {"requests": 1, "write_units": 0, "milliseconds": 2.5}
    return {"sessions": sessions, "operations": {name: {**counts, "read_units": of} for name, of in read_units.items()}}


GROWN = [point(1, refresh=1, login=2), point(101, refresh=1, login=4), point(1001, refresh=1, login=102)]


def test_a_table_says_what_is_constant_and_how_far_it_went() -> None:
    """The slope is taken between the first point and the last. The table also names the engine of the milliseconds."""
    grown = {"points": GROWN}
    filling = {"added": 1000, "seconds": 3.0}

    text = table({"engine": "an engine", "per_user": {"living": grown}, "table": grown, "filling": filling})

    assert "| 1,001 | 1 1 0; 2.5 ms | 1 102 0; 2.5 ms |" in text
    assert "| for 1,000 more | constant | +0 +100 +0 |" in text
    assert "1000 sessions were loaded in 3 s." in text
    assert "milliseconds are this engine's" in text


@pytest.mark.parametrize("ended", [False, True])
def test_living_sessions_are_ended_by_a_logout_of_all_and_ended_ones_are_not_read(
    deployment: Deployment,
    ended: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    """With 30 sessions: the user's id and epoch, a session's read, a query, and a transaction for each living one."""
    with running(deployment) as functions:
        operations = Growth(functions).with_sessions_of_one_user(30, 2, ended=ended)["operations"]

    assert operations["logout of all"]["requests"] == (5 if ended else 34)
    assert operations["refresh"]["requests"] == operations["logout"]["requests"] == 1
    assert operations["login"]["requests"] == 6
    assert operations["list"]["requests"] == 1


def test_the_table_is_filled_up_to_each_size(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each size includes the session of the measured user."""
    asked: list[int] = []
    monkeypatch.setattr(growth, "fill", lambda _deployment, count: asked.append(count))
    with running(deployment) as functions:
        points, filling = Growth(functions).with_sessions_of_all((1, 5, 100), 1)

    assert asked == [0, 4, 95]
    assert [row["sessions"] for row in points] == [1, 5, 100]
    assert filling["added"] == 99
    assert set(points[0]["operations"]) == {"refresh", "login", "logout"}

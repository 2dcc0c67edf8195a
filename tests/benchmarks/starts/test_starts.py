from pathlib import Path
from typing import Any

import pytest

from benchmarks.requests.events import allowed, succeeded
from benchmarks.starts.calls import ALONE, WITH_AWS
from benchmarks.starts.emulator import Function, Timings
from benchmarks.starts.rows import (
    EMPTY,
    NO_BYTECODE,
    OURS,
    PEER,
    REFERENCE,
    WITH_FULL_FEED,
    Row,
    is_nothing,
)
from benchmarks.starts.starts import figures_of, orders, short_table, table

WARM_UP = 1


def row(
    label: str, group: str, init_ms: list[float], warm_ms: float, *, calls: int = ALONE, peak_mb: float = 30.4
) -> Row:
    """Return a row with starts in two rounds. The first call takes 9 ms, and the others take `warm_ms`."""
    timings = [Timings(init, [9.0, warm_ms, warm_ms]) for init in init_ms]
    return Row(label, group, Function(label, Path()), dict, is_nothing, calls, timings, [peak_mb, peak_mb])


def measured(*, authorizer_init_ms: list[float], refresh_init_ms: list[float]) -> dict[str, Any]:
    """Return the figures of two rounds, the second twice as slow. The empty handler starts three times in each."""
    rows = [
        row("authorizer", OURS, authorizer_init_ms, 0.5),
        row("refresh", OURS, refresh_init_ms, 3.0, calls=WITH_AWS),
        row(EMPTY, REFERENCE, [20.0, 5.0, 20.0, 40.0, 40.0, 400.0], 0.4),
    ]
    return {"rounds": 2, "rows": figures_of(rows, WARM_UP), "left_out": ["Node: it is not installed"]}


def test_every_round_starts_everything_in_an_order_of_its_own() -> None:
    """Other load on the machine affects all alike, and the same seed gives the same order."""
    drawn = orders([1, 1, 3, 1, 1, 1], 10, seed=1)

    assert [sorted(order) for order in drawn] == [[0, 1, 2, 2, 2, 3, 4, 5]] * 10
    assert len({tuple(order) for order in drawn}) == 10
    assert drawn == orders([1, 1, 3, 1, 1, 1], 10, seed=1)


def test_ratios_are_taken_within_each_round() -> None:
    """A slower round changes no ratio, and one slow start of the reference changes none."""
    figures = measured(authorizer_init_ms=[30.0, 60.0], refresh_init_ms=[200.0, 400.0])

    authorizer, refresh, empty = figures["rows"]
    assert authorizer["init_ratio"] == {"median": 1.5, "p25": 1.5, "p75": 1.5}
    assert refresh["init_ratio"]["median"] == 10
    assert empty["init_ratio"]["median"] == 1
    assert authorizer["warm_ratio"]["median"] == 1.25
    assert (authorizer["first_ms"]["median"], authorizer["warm_ms"]["count"]) == (9, 4)


def test_the_table_has_a_line_for_each_and_says_what_is_left_out() -> None:
    """Functions that call AWS are marked, and their warm calls are not compared with those of an empty handler.

    1.5 x is within the authorizer's budget of 1.6, and 10 x is not within the refresh's 6.5. Other rows have no budget.
    """
    lines = table(measured(authorizer_init_ms=[30.0, 60.0], refresh_init_ms=[200.0, 400.0])).splitlines()

    authorizer = "| **authorizer** | 45 | 1.50 (1.50 to 1.50) | 9.0 | 0.50 | 1.25 (1.25 to 1.25) | 30 |"
    assert lines[2] == f"{authorizer} INIT 1.6 x holds, warm 1.4 x holds |"
    assert lines[3] == "| **refresh** | 300 | 10.00 (10.00 to 10.00) | 9.0† | 3.00† |  | 30 | INIT 6.5 x **missed** |"
    assert lines[4] == "| empty | 30 | 1 | 9.0 | 0.40 | 1 | 30 |  |"
    assert lines[-1] == "Left out: Node: it is not installed."


@pytest.mark.parametrize(("peak_mb", "judged"), [(40.0, "40 MB holds"), (40.1, "40 MB **missed**")])
def test_memory_has_a_budget_too(peak_mb: float, judged: str) -> None:
    """The authorizer with a full feed has three budgets."""
    rows = [
        row(WITH_FULL_FEED, OURS, [44.0, 88.0], 0.5, peak_mb=peak_mb),
        row(EMPTY, REFERENCE, [20.0] * 3 + [40.0] * 3, 0.4),
    ]

    lines = table({"rounds": 2, "rows": figures_of(rows, WARM_UP), "left_out": []}).splitlines()

    assert lines[2].endswith(f"| 40 | INIT 2.2 x holds, warm 1.45 x holds, {judged} |")


def test_the_short_table_has_ours_as_deployed_and_others_in_both_states() -> None:
    """It has three functions of edge-auth, no reference, and no warm call that waits for AWS."""
    rows = [
        row("authorizer", OURS, [30.0, 60.0], 0.5),
        row("refresh", OURS, [100.0, 200.0], 3.0, calls=WITH_AWS),
        row("jwks", OURS, [100.0, 200.0], 3.0),
        row("PyJWT", PEER, [60.0, 120.0], 0.6),
        row(f"PyJWT{NO_BYTECODE}", PEER, [120.0, 240.0], 0.6),
        row(EMPTY, REFERENCE, [20.0] * 3 + [40.0] * 3, 0.4),
    ]

    lines = short_table({"rows": figures_of(rows, WARM_UP)}).splitlines()

    assert lines[2:] == [
        "| **edge-auth: authorizer** | 45 | 1.5 x |  | 1.25 x |",
        "| **edge-auth: refresh** | 150 | 5.0 x |  |  |",
        "| PyJWT | 90 | 3.0 x | 6.0 x | 1.50 x |",
    ]


def test_an_answer_that_is_no_success_is_an_error() -> None:
    """A Deny, a status other than 200 or a result of an empty handler stops the benchmark."""
    deny = {"policyDocument": {"Statement": [{"Effect": "Deny"}]}}

    for check, answer in (
        (allowed, deny),
        (succeeded, {"statusCode": 503, "body": ""}),
        (is_nothing, {"statusCode": 200}),
    ):
        with pytest.raises(RuntimeError):
            check(answer)

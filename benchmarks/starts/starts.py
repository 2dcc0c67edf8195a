"""The times of functions to start and to answer, compared with other designs.

Each round starts every function again, in a new random order, one process at a time. Lambda's own runtime client runs
under AWS's Runtime Interface Emulator, which measures the times. Each round gives a ratio to a handler that does
nothing. The processor is not limited as on Lambda, so read the ratios and not the milliseconds.
"""

import random
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import ratio, summary
from benchmarks.requests.engine import deployed_on_ministack, published
from benchmarks.starts.calls import ALONE, STRICT
from benchmarks.starts.layer import built_layer, packages
from benchmarks.starts.rows import NO_BYTECODE, WITH_FEED, WITH_FULL_FEED, Row, Rows
from benchmarks.starts.tls import tls_in_front
from benchmarks.tokens import node

ROUNDS, QUICK_ROUNDS = 20, 2
WARM_UP, QUICK_WARM_UP = 10, 2  # calls of each process before the measured ones
SEED = 20261121

# Upper limits: of the ratios to an empty handler, and of the memory in MB.
BUDGETS: Mapping[str, Mapping[str, float]] = {
    "authorizer": {"init": 1.6, "warm": 1.4},
    WITH_FEED: {"init": 2.1, "warm": 1.45},
    WITH_FULL_FEED: {"init": 2.2, "warm": 1.45, "peak_mb": 40},
    STRICT: {"init": 2.1},
    "refresh": {"init": 6.5},
    "login": {"init": 6.5},
}

# What the document says below the table.
_NOTES = Path(__file__).with_name("notes.md").read_text(encoding="utf-8").rstrip()


def measure(*, quick: bool) -> Figures:
    """Start all functions in turn. Return a row for each function, in milliseconds, with ratios to its reference.

    Raises MissingTool: the emulator or a runtime is not installed. Raises RuntimeError or Failure: a build, a start or
    a call failed.
    """
    rounds, warm_up = (QUICK_ROUNDS, QUICK_WARM_UP) if quick else (ROUNDS, WARM_UP)
    packages("lambda")
    with (
        tempfile.TemporaryDirectory(prefix="edge-auth-starts-") as folder,
        deployed_on_ministack(scratch := Path(folder)) as deployment,
        tls_in_front(str(deployment.endpoint), scratch / "tls") as front,
        published(deployment.jwks, scratch / "published") as jwks_url,
    ):
        layer = built_layer(scratch)
        front.be_trusted_by(layer)
        rows = Rows(deployment, front, jwks_url, layer, scratch).all()
        for row in () if quick else rows:
            row.run(scratch, 1)  # so that the first round does not read its files from the disk
            row.forget()
        for order in orders([row.starts for row in rows], rounds, seed=SEED):
            for row in (rows[index] for index in order):
                row.run(scratch, warm_up + (2 + row.warm_calls // 10 if quick else row.warm_calls))
    return {
        "rounds": rounds,
        "rows": figures_of(rows, warm_up),
        "left_out": [] if node.is_installed() else [f"{node.LIBRARY}: Node or its library is not installed"],
    }


def orders(starts: Sequence[int], rounds: int, *, seed: int) -> list[list[int]]:
    """Return a random order for each round: the index of each row, as often as the row starts."""
    drawn = random.Random(seed)  # noqa: S311 - an order, not a secret
    return [drawn.sample(range(len(starts)), counts=starts, k=sum(starts)) for _ in range(rounds)]


def figures_of(rows: Sequence[Row], warm_up: int) -> list[dict[str, Any]]:
    """Return the figures of each row, in order: its times, and the ratios to its reference."""
    by_label = {row.label: _by_round(row, warm_up) for row in rows}
    return [
        {
            "label": row.label,
            "group": row.group,
            "reference": row.reference,
            "calls_aws": row.warm_calls != ALONE,
            "init_ms": summary([one.init_ms for one in row.timings]),
            "init_ratio": ratio(by_label[row.label][0], by_label[row.reference][0]),
            "first_ms": summary([one.calls_ms[0] for one in row.timings]),
            "warm_ms": summary([call for one in row.timings for call in one.calls_ms[warm_up:]]),
            "warm_ratio": ratio(by_label[row.label][1], by_label[row.reference][1]),
            "peak_mb": round(statistics.median(row.peaks_mb), 1),
        }
        for row in rows
    ]


def table(figures: Figures) -> str:
    """Return the rows, and the names of functions that were left out."""
    head = ("function", "INIT ms", "x empty", "first call ms", "warm ms", "x empty", "MB", "budget")
    notes = [f"{_NOTES} {figures['rounds']} rounds.", *(f"Left out: {what}." for what in figures["left_out"])]
    return "\n".join([markdown(head, map(_cells, figures["rows"])), "", *notes])


def short_table(figures: Figures) -> str:
    """Return a short table of authorizers and refreshes, and of the login of edge-auth, with and without bytecode."""
    head = ("x an empty handler's, on the same runtime", "INIT ms", "INIT", "INIT without bytecode", "warm call")
    ratios = {row["label"]: row["init_ratio"]["median"] for row in figures["rows"]}
    rows = [
        (
            f"**edge-auth: {row['label']}**" if row["group"] == "ours" else row["label"],
            f"{row['init_ms']['median']:.0f}",
            f"{row['init_ratio']['median']:.1f} x",
            f"{ratios[bare]:.1f} x" if (bare := f"{row['label']}{NO_BYTECODE}") in ratios else "",
            "" if row["calls_aws"] else f"{row['warm_ratio']['median']:.2f} x",
        )
        for row in figures["rows"]
        if row["label"] in BUDGETS or (row["group"] == "peer" and not row["label"].endswith(NO_BYTECODE))
    ]
    return markdown(head, rows)


def _by_round(row: Row, warm_up: int) -> tuple[list[float], list[float]]:
    """Return, for each round, the median of the starts and the median of the warm calls."""
    rounds = [row.timings[begin : begin + row.starts] for begin in range(0, len(row.timings), row.starts)]
    inits = [statistics.median(one.init_ms for one in each) for each in rounds]
    warms = [statistics.median(call for one in each for call in one.calls_ms[warm_up:]) for each in rounds]
    return inits, warms


def _cells(row: Mapping[str, Any]) -> Sequence[str]:
    is_reference, mark = row["label"] == row["reference"], "†" if row["calls_aws"] else ""
    budgets = (_judged(row, what, limit) for what, limit in BUDGETS.get(row["label"], {}).items())
    return (
        f"**{row['label']}**" if row["group"] == "ours" and NO_BYTECODE not in row["label"] else row["label"],
        f"{row['init_ms']['median']:.0f}",
        "1" if is_reference else _times(row["init_ratio"]),
        f"{row['first_ms']['median']:.1f}{mark}",
        f"{row['warm_ms']['median']:.2f}{mark}",
        "1" if is_reference else "" if row["calls_aws"] else _times(row["warm_ratio"]),
        f"{row['peak_mb']:.0f}" if "peak_mb" in row else "",
        ", ".join(budgets),
    )


def _judged(row: Mapping[str, Any], what: str, limit: float) -> str:
    is_memory = what == "peak_mb"
    reached = row["peak_mb"] if is_memory else row[f"{what}_ratio"]["median"]
    text = f"{limit:g} MB" if is_memory else f"{what.replace('init', 'INIT')} {limit:g} x"
    return f"{text} {'holds' if reached <= limit else '**missed**'}"


def _times(ratios: Mapping[str, float]) -> str:
    return f"{ratios['median']:.2f} ({ratios['p25']:.2f} to {ratios['p75']:.2f})"

"""How long functions take to start and to answer, beside those of other designs.

Every function is started anew in each round, in an order that is drawn for the round, one process at a time: Lambda's
own runtime client under AWS's Runtime Interface Emulator, which times both. A ratio is taken within each round, against
a handler that does nothing. Nothing here limits the processor as Lambda does; the ratios are what is worth reading.
"""

import random
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.built_layer import built_layer, packages
from benchmarks.lambda_emulator import PYTHON, Timings
from benchmarks.loopback_aws import loopback_aws
from benchmarks.results import Figures
from benchmarks.samples import ratio, summary
from benchmarks.start_rows import NODE, PARAMETERS, Row, Rows, WarmCalls

ROUNDS, QUICK_ROUNDS = 20, 2
WARM = WarmCalls(warm_up=10, alone=100, with_aws=30, with_argon2=8)
QUICK_WARM = WarmCalls(warm_up=2, alone=10, with_aws=4, with_argon2=2)
USERS, QUICK_USERS = 30, 4
SEED = 20261121

# Times an empty handler's.
BUDGETS = {"authorizer": {"init": 1.6, "warm": 1.4}, "refresh": {"init": 6.5}, "login": {"init": 6.5}}

_NOTES = """\
Others, as their documentation writes them (benchmarks/handlers). Authorizers after AWS's blueprint: one that checks the
signature and nothing else, which none can do without; with PyJWT and one key; with its client that fetches the keys,
here by plain HTTP on this machine; with Powertools' data classes and Logger; with aws-jwt-verify. The refresh:
Powertools' resolver, Logger, Tracer and Metrics, boto3's resource, and OpenAuth's rotation, one eventually consistent
read and two writes without a condition.

INIT, the first call and warm calls are medians; x is the median of the ratios within each round, with its quartiles, to
an empty handler on the same runtime, which is called with what an authorizer is called with and started three times a
round. † With the answers of a DynamoDB and a Secrets Manager on this machine (MiniStack): comparable only among the
rows that have it. No bytecode: as SAM's own Python builder leaves packages. Node: with a runtime client of our own,
since AWS's has to be compiled. The emulator does not limit the processor, and hands on no trace, so that Powertools'
Tracer is started and sends nothing."""


def measure(*, quick: bool) -> Figures:
    """Start everything in turn; return a row for each function, in milliseconds, with ratios to its reference.

    Raises:
        EmulatorError, WrongAnswerError, BuildError, Failure: something did not do its work.

    """
    rounds, warm, users = (QUICK_ROUNDS, QUICK_WARM, QUICK_USERS) if quick else (ROUNDS, WARM, USERS)
    with tempfile.TemporaryDirectory(prefix="edge-auth-starts-") as folder, loopback_aws(Path(folder)) as aws:
        scratch = Path(folder)
        packages("lambda")
        make = Rows(aws, built_layer(scratch), scratch, warm, users)
        rows = make.all()
        for row in () if quick else rows:
            row.run(scratch, 1)  # so that no first round reads its files from the disk
            row.timings.clear()
        for order in orders([row.starts for row in rows], rounds, seed=SEED):
            for index in order:
                rows[index].run(scratch, warm.warm_up + rows[index].warm_calls)
    return {
        "rounds": rounds,
        "seed": SEED,
        "warm_up_calls": warm.warm_up,
        "parameters": PARAMETERS,
        "runtimes": _runtimes(),
        "rows": figures_of(rows, warm.warm_up),
        "left_out": make.left_out,
    }


def orders(starts: Sequence[int], rounds: int, *, seed: int) -> list[list[int]]:
    """Return an order of its own for each round: the index of each row, as often as it is started."""
    drawn = random.Random(seed)  # noqa: S311 - an order, not a secret
    return [drawn.sample(range(len(starts)), counts=starts, k=sum(starts)) for _ in range(rounds)]


def figures_of(rows: Sequence[Row], warm_up: int) -> list[dict[str, Any]]:
    """Return what was measured, in the rows' order: what a row took, and how much that is of its reference."""
    by_label = {row.label: row for row in rows}
    return [_figures(row, by_label[row.reference], warm_up) for row in rows]


def table(figures: Figures) -> str:
    """Return the rows, and what was left out."""
    lines = [
        "| function | INIT ms | x empty | first call ms | warm ms | x empty | budget |",
        "|---|---|---|---|---|---|---|",
        *(_line(row) for row in figures["rows"]),
        "",
        f"{_NOTES} {figures['rounds']} rounds.",
        *(f"Left out: {what}." for what in figures["left_out"]),
    ]
    return "\n".join(lines)


def short_table(figures: Figures) -> str:
    """Return the authorizers and the refreshes in few words: ours as they are deployed, others in both states."""
    lines = [
        "| x an empty handler's, on the same runtime | INIT ms | INIT | INIT without bytecode | warm call |",
        "|---|---|---|---|---|",
    ]
    bare = {row["name"]: row for row in figures["rows"] if not row["bytecode"]}
    for row in figures["rows"]:
        is_login = row["group"] == "ours" and row["name"] in ("authorizer", "refresh", "login")
        if row["bytecode"] and (is_login or row["group"] == "peer"):
            lines.append(_short_line(row, bare.get(row["name"])))
    return "\n".join(lines)


def _short_line(row: dict[str, Any], bare: dict[str, Any] | None) -> str:
    cells = (
        f"**edge-auth: {row['label']}**" if row["group"] == "ours" else row["label"],
        f"{row['init_ms']['median']:.0f}",
        f"{row['init_ratio']['median']:.1f} x",
        f"{bare['init_ratio']['median']:.1f} x" if bare else "",
        "" if row["calls_aws"] else f"{row['warm_ratio']['median']:.2f} x",
    )
    return f"| {' | '.join(cells)} |"


def _figures(row: Row, reference: Row, warm_up: int) -> dict[str, Any]:
    init_ratio = ratio(_inits(row), _inits(reference))
    warm_ratio = ratio(_warm_medians(row, warm_up), _warm_medians(reference, warm_up))
    reached = {"init": init_ratio["median"], "warm": warm_ratio["median"]}
    return {
        "name": row.function.name,
        "label": row.label,
        "group": row.group,
        "bytecode": row.bytecode,
        "memory_mb": row.function.memory_mb,
        "reference": row.reference,
        "calls_aws": row.calls_aws,
        "init_ms": summary([one.init_ms for one in row.timings]),
        "init_ratio": init_ratio,
        "first_ms": summary([one.calls_ms[0] for one in row.timings]),
        "warm_ms": summary([call for one in row.timings for call in one.calls_ms[warm_up:]]),
        "warm_ratio": warm_ratio,
        "budgets": {
            what: {"limit": limit, "reached": reached[what], "holds": reached[what] <= limit}
            for what, limit in BUDGETS.get(row.label, {}).items()
        },
    }


def _inits(row: Row) -> list[float]:
    return [statistics.median(one.init_ms for one in its_round) for its_round in _rounds(row)]


def _warm_medians(row: Row, warm_up: int) -> list[float]:
    return [
        statistics.median(call for one in its_round for call in one.calls_ms[warm_up:]) for its_round in _rounds(row)
    ]


def _rounds(row: Row) -> list[list[Timings]]:
    return [row.timings[begin : begin + row.starts] for begin in range(0, len(row.timings), row.starts)]


def _line(row: dict[str, Any]) -> str:
    is_reference = row["label"] == row["reference"]
    budgets = (
        f"{what.upper() if what == 'init' else what} {budget['limit']} x {'holds' if budget['holds'] else '**missed**'}"
        for what, budget in row["budgets"].items()
    )
    cells = (
        f"**{row['label']}**" if row["group"] == "ours" and row["bytecode"] else row["label"],
        f"{row['init_ms']['median']:.0f}",
        "1" if is_reference else _times(row["init_ratio"]),
        f"{row['first_ms']['median']:.1f}{'†' if row['calls_aws'] else ''}",
        f"{row['warm_ms']['median']:.2f}{'†' if row['calls_aws'] else ''}",
        "1" if is_reference else "" if row["calls_aws"] else _times(row["warm_ratio"]),
        ", ".join(budgets),
    )
    return f"| {' | '.join(cells)} |"


def _times(ratios: dict[str, float]) -> str:
    return f"{ratios['median']:.2f} ({ratios['p25']:.2f} to {ratios['p75']:.2f})"


def _runtimes() -> dict[str, str]:
    programs = {"python": Path(PYTHON[0]), "node": NODE}
    return {
        name: subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
        for name, program in programs.items()
        if program.exists()
    }

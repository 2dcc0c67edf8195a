"""Throughput and latency of the real functions on a real engine, with more and more workers at once, up to the knee.

Each worker is a process like one Lambda instance. The workers and the engine share this machine, so the result is the
limit of this machine, not the limit of DynamoDB or Lambda. All traffic stays on loopback, for a bounded time.
"""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from benchmarks.frame.processes import MissingTool
from benchmarks.frame.results import Figures, markdown
from benchmarks.load.load import Load, load
from benchmarks.requests.deployment import deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import running

LEVELS = (1, 2, 4, 8, 16, 32, 64)
FEW_LEVELS = (1, 2, 4, 8)  # for operations that this machine's processors limit early
QUICK_LEVELS = (1, 2, 4)
# Of a level, of its warm-up, and of the engine's, until Java has compiled the code that it runs often.
SECONDS, QUICK_SECONDS = (4.0, 1.0, 8.0), (0.5, 0.3, 0.5)
USERS_PER_WORKER = 32  # so that no user gets many sessions
LEAST_GAIN = 0.1  # the gain in throughput below which a level is the knee

OPERATIONS: Mapping[str, Sequence[int]] = {
    "refresh": LEVELS,
    "refresh of one session": LEVELS,
    "login": FEW_LEVELS,
    "login and logout": FEW_LEVELS,
    "authorizer": FEW_LEVELS,
}


def measure(*, quick: bool) -> Figures:
    """Raise the load of each operation, level by level.

    Returns `operations` (the levels of each), and `rotations` and `one_session`: the answered refreshes and the
    rotations in the table.

    Raises MissingTool: this machine has no engine, or no /proc with the processor times. Raises RuntimeError: an answer
    is wrong, or a rotation was lost or happened twice.
    """
    if sys.platform != "linux":
        raise MissingTool("the processor times are those of Linux's /proc")
    seconds, warm_up, engine_warm_up = QUICK_SECONDS if quick else SECONDS
    with (
        running_engine() as engine,
        deployed(engine.endpoint) as deployment,
        load(deployment, engine.process_id, max(QUICK_LEVELS if quick else LEVELS)) as workers,
    ):
        _level(workers, "refresh", 2, engine_warm_up, seconds)
        operations = {
            operation: [_level(workers, operation, count, warm_up, seconds) for count in levels]
            for operation, levels in (dict.fromkeys(OPERATIONS, QUICK_LEVELS) if quick else OPERATIONS).items()
        }
    rotations = {
        name: sum((Counter(level["rotations"]) for level in operations[name]), Counter())
        for name in ("refresh", "refresh of one session")
    }
    return {
        "engine": engine.name,
        "cores": os.cpu_count(),
        "operations": {operation: {"levels": levels} for operation, levels in operations.items()},
        "rotations": rotations["refresh"],
        "one_session": rotations["refresh of one session"],
    }


def knee(levels: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the workers of the first level that gains less than a tenth over the level before, or None."""
    rates = [(level["workers"], level["per_second"]) for level in levels]
    gains = ((workers, rate / before) for (_, before), (workers, rate) in pairwise(rates))
    return next((workers for workers, gain in gains if gain < 1 + LEAST_GAIN), None)


def check_rotations(given_out: int, in_table: int) -> None:
    """Compare the issued refresh tokens with the table. Raises RuntimeError: a rotation was lost, or happened twice."""
    if given_out != in_table:
        raise RuntimeError(f"{given_out} refresh tokens were given out, and the table has {in_table} rotations")


def table(figures: Figures) -> str:
    """Return one row for each level, the knee of each operation, and the counts of rotations."""
    cores = ("workers' cores", "engine's", "whole machine's")
    rows = [(name, *_cells(level)) for name, each in figures["operations"].items() for level in each["levels"]]
    knees = ", ".join(f"{name} {knee(each['levels']) or 'not reached'}" for name, each in figures["operations"].items())
    own, one = figures["rotations"], figures["one_session"]
    return f"""\
{markdown(("operation", "workers", "per second", "p50 ms", "p95", "p99", *cores, "CPU ms each"), rows)}

Knees, in workers: {knees}. Workers and engine share the {figures["cores"]} cores.
Of {own["answered"]} refreshes that were answered, {own["in_table"]} are rotations in the table: none lost, \
none twice. Each worker has a session, and RotationGraceSeconds is 0.
On one session {one["answered"]} refreshes were answered with {one["tokens"]} refresh tokens, \
by {one["in_table"]} rotations: the others came within the grace window.
{figures["engine"]}, in memory; milliseconds are the function's, in its process."""


def _cells(level: Mapping[str, Any]) -> Sequence[str]:
    # The CPU time of one operation, in the function and in the engine. Other processes do not change it.
    cpu_ms = (level["workers_cores"] + level["engine_cores"]) / level["per_second"] * 1000
    return (
        str(level["workers"]),
        f"{level['per_second']:.0f}",
        *(f"{level[of]:.1f}" for of in ("p50", "p95", "p99")),
        *(f"{level[of]:.2f}" for of in ("workers_cores", "engine_cores", "machine_cores")),
        f"{cpu_ms:.2g}",
    )


def _level(workers: Load, operation: str, count: int, warm_up: float, seconds: float) -> dict[str, Any]:
    """Do an operation with this many workers. Each level has new sessions and new users.

    Returns the level's figures. Those of refreshes have `rotations`: how many were answered, with how many tokens, and
    how many rotations the table has.
    """
    deployment = workers.deployment
    level = partial(workers.level, operation, warm_up=warm_up, seconds=seconds)
    if not operation.startswith("refresh"):
        if operation == "authorizer":
            with running(deployment) as functions:
                materials = [[functions.access_token()]] * count
        else:
            materials = [[deployment.new_user()[0] for _ in range(USERS_PER_WORKER)] for _ in range(count)]
        return level(materials)[0]
    is_shared = operation == "refresh of one session"
    users = [deployment.new_user()[1] for _ in range(1 if is_shared else count)]
    sessions = [(user_id, *deployment.add_session(user_id)) for user_id in users]
    row, done = level([[token] for _, _, token in sessions] * (count if is_shared else 1))
    answered, tokens = sum(one.answered for one in done), len({token for one in done for token in one.tokens})
    in_table = sum(deployment.generation(user_id, session_id) for user_id, session_id, _ in sessions)
    check_rotations(tokens if is_shared else answered, in_table)
    return {**row, "rotations": {"answered": answered, "tokens": tokens, "in_table": in_table}}

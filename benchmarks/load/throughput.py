"""Throughput and latency of the real functions on a real engine, with more and more workers at once, up to the knee.

Each worker is a process like one Lambda instance. The workers and the engine share this machine, so the result is the
limit of this machine, not the limit of DynamoDB or Lambda. All traffic stays on loopback, for a bounded time.
"""

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from benchmarks.frame.markdown import markdown
from benchmarks.frame.results import Figures
from benchmarks.load.load import Load, load
from benchmarks.requests.deployment import deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import running

LEVELS = (1, 2, 4, 8, 16, 32, 64)
FEW_LEVELS = (1, 2, 4, 8)  # for operations that this machine's processors limit early
QUICK_LEVELS = (1, 2, 4)
SECONDS, WARM_UP = 4.0, 1.0
QUICK_SECONDS, QUICK_WARM_UP = 0.5, 0.3
ENGINE_WARM_UP, QUICK_ENGINE_WARM_UP = 8.0, 0.5  # until Java has compiled the code that it runs often
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

    Returns `operations` (levels and knee of each), and `rotations` and `one_session`: the answered refreshes and the
    rotations in the table.

    Raises:
        MissingTool: this machine has no engine.
        RuntimeError: an answer is wrong, or a rotation was lost or happened twice.

    """
    seconds, warm_up = (QUICK_SECONDS, QUICK_WARM_UP) if quick else (SECONDS, WARM_UP)
    with (
        running_engine() as engine,
        deployed(engine.endpoint) as deployment,
        load(deployment, engine.process_id, max(QUICK_LEVELS if quick else LEVELS)) as workers,
    ):
        run = _Run(workers, seconds)
        run.level("refresh", 2, QUICK_ENGINE_WARM_UP if quick else ENGINE_WARM_UP)
        operations = {}
        for operation, levels in OPERATIONS.items():
            rows = [run.level(operation, count, warm_up) for count in (QUICK_LEVELS if quick else levels)]
            operations[operation] = {"levels": rows, "knee": knee(rows)}
    own, one = run.rotations["refresh"], run.rotations["refresh of one session"]
    return {
        "engine": engine.name,
        "cores": os.cpu_count(),
        "operations": operations,
        "rotations": {name: own[name] for name in ("answered", "in_table")},
        "one_session": one,
    }


def knee(levels: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the workers of the first level that gains less than a tenth over the level before, or None."""
    for before, level in pairwise(levels):
        if level["per_second"] - before["per_second"] < before["per_second"] * LEAST_GAIN:
            workers: int = level["workers"]
            return workers
    return None


def check_rotations(given_out: int, in_table: int) -> None:
    """Compare the number of issued refresh tokens with the number of rotations in the table.

    Raises:
        RuntimeError: a rotation was lost, or happened twice.

    """
    if given_out != in_table:
        raise RuntimeError(f"{given_out} refresh tokens were given out, and the table has {in_table} rotations")


def table(figures: Figures) -> str:
    """Return one row for each level, the knee of each operation, and the counts of rotations."""
    cores = ("workers' cores", "engine's", "whole machine's")
    rows = [(name, *_cells(level)) for name, each in figures["operations"].items() for level in each["levels"]]
    knees = ", ".join(f"{name} {each['knee'] or 'not reached'}" for name, each in figures["operations"].items())
    own, one = figures["rotations"], figures["one_session"]
    return f"""\
{markdown(("operation", "workers", "per second", "p50 ms", "p95", "p99", *cores, "CPU ms each"), rows)}

Knees, in workers: {knees}. Workers and engine share the {figures["cores"]} cores.
Of {own["answered"]} refreshes that were answered, {own["in_table"]} are rotations in the table: none lost, \
none twice. Each worker has a session, and RotationGraceSeconds is 0.
On one session {one["answered"]} refreshes were answered with {one["tokens"]} refresh tokens, \
by {one["in_table"]} rotations. RotationGraceSeconds is 10, the default.
{figures["engine"]}, in memory; milliseconds are the function's, in its process."""


def _cells(level: Mapping[str, Any]) -> Sequence[str]:
    cores = [level["workers_cores"], level["engine_cores"], level["machine_cores"]]
    # The CPU time of one operation, in the function and in the engine. Other processes do not change it.
    cpu_ms = (level["workers_cores"] + (level["engine_cores"] or 0)) / level["per_second"] * 1000
    return (
        str(level["workers"]),
        f"{level['per_second']:.0f}",
        *(f"{level[of]:.1f}" for of in ("p50", "p95", "p99")),
        *("" if count is None else f"{count:.2f}" for count in cores),
        f"{cpu_ms:.2g}",
    )


@dataclass
class _Run:
    """The levels of one run, and the number of rotations according to the answers and to the table."""

    load: Load
    seconds: float
    rotations: dict[str, Counter[str]] = field(default_factory=dict)

    def level(self, operation: str, workers: int, warm_up: float) -> dict[str, Any]:
        """Do an operation with this many workers. Each level has new sessions and new users."""
        sessions = self._sessions(1 if operation == "refresh of one session" else workers)
        tokens = [[token] for _, _, token in sessions]
        match operation:
            case "refresh":
                materials = tokens
            case "refresh of one session":
                materials = tokens * workers
            case "authorizer":
                materials = [[self._access_token()]] * workers
            case _:
                materials = [self._usernames() for _ in range(workers)]
        row, done = self.load.level(operation, materials, warm_up=warm_up, seconds=self.seconds)
        if operation.startswith("refresh"):
            answered = sum(one.answered for one in done)
            tokens_given_out = len({token for one in done for token in one.tokens})
            in_table = sum(self.load.deployment.generation(user_id, session_id) for user_id, session_id, _ in sessions)
            check_rotations(answered if operation == "refresh" else tokens_given_out, in_table)
            self.rotations.setdefault(operation, Counter()).update(
                answered=answered, tokens=tokens_given_out, in_table=in_table
            )
        return row

    def _sessions(self, count: int) -> list[tuple[str, str, str]]:
        users = [self.load.deployment.new_user()[1] for _ in range(count)]
        return [(user_id, *self.load.deployment.add_session(user_id)) for user_id in users]

    def _usernames(self) -> list[str]:
        return [self.load.deployment.new_user()[0] for _ in range(USERS_PER_WORKER)]

    def _access_token(self) -> str:
        with running(self.load.deployment) as functions:
            return functions.access_token()

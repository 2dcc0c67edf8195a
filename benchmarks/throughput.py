"""Throughput and latency of the real functions on a real engine, with more and more of them at once, to the knee.

Each worker is a process like one Lambda instance. All of them and the engine share this machine: what is found is
where this machine ends, not where DynamoDB or Lambda do. Only loopback, for a bounded time.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.deployment import Deployment, add_user, deployed
from benchmarks.engine import Engine, with_engine
from benchmarks.instances import Instances, login_event, succeeded
from benchmarks.load import Workers, knee
from benchmarks.results import Figures

LEVELS = (1, 2, 4, 8, 16, 32, 64)
FEW_LEVELS = (1, 2, 4, 8)  # of what is bound by this machine's processors long before
QUICK_LEVELS = (1, 2, 4)
SECONDS, WARM_UP = 4.0, 1.0
QUICK_SECONDS, QUICK_WARM_UP = 0.5, 0.3
ENGINE_WARM_UP, QUICK_ENGINE_WARM_UP = 8.0, 0.5  # Java compiles what it runs often
USERS_PER_WORKER = 32  # so that nobody's sessions become many

CORES = ("workers' cores", "engine's", "whole machine's")

OPERATIONS: Mapping[str, Sequence[int]] = {
    "refresh": LEVELS,
    "refresh of one session": LEVELS,
    "login": FEW_LEVELS,
    "login and logout": FEW_LEVELS,
    "authorizer": FEW_LEVELS,
}


def measure(*, quick: bool) -> Figures:
    """Raise the load of each operation, level by level."""
    return with_engine(lambda engine: measured_on(engine, quick=quick))


def measured_on(engine: Engine, *, quick: bool) -> Figures:
    """Return `operations` (levels and knee of each), and `rotations`: what was answered, and what the table says.

    Raises:
        RuntimeError: an answer was wrong, or a rotation was lost or happened twice.

    """
    with deployed(engine.endpoint) as deployment:
        scene = _Scene(deployment, max(QUICK_LEVELS if quick else LEVELS))
        with Workers(deployment, scene.workers, engine.process_id) as workers:
            return {"cores": os.cpu_count(), **_Run(workers, scene, quick=quick).figures()}


def table(figures: Figures) -> str:
    """Return one row a level, and each operation's knee."""
    if "left_out" in figures:
        return f"Left out: {figures['left_out']}."
    columns = ("operation", "workers", "per second", "p50 ms", "p95", "p99", *CORES, "CPU ms each")
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    knees = []
    for name, operation in figures["operations"].items():
        for level in operation["levels"]:
            cores = (level[of] for of in ("workers_cores", "engine_cores", "machine_cores"))
            cores_text = " | ".join("" if count is None else f"{count:.2f}" for count in cores)
            lines.append(
                f"| {name} | {level['workers']} | {level['per_second']:.0f} | {level['p50']:.1f} | {level['p95']:.1f}"
                f" | {level['p99']:.1f} | {cores_text} | {_cpu_milliseconds(level):.2g} |"
            )
        knees.append(f"{name} {operation['knee'] or 'not reached'}")
    rotations, one = figures["rotations"], figures["one_session"]
    lines += ["", f"Knees, in workers: {', '.join(knees)}. Workers and engine share the {figures['cores']} cores."]
    lines.append(
        f"Of {rotations['answered']} refreshes that were answered, {rotations['in_table']} are rotations in the table: "
        "none lost, none twice. Each worker has a session, and RotationGraceSeconds is 0."
    )
    lines.append(
        f"On one session {one['answered']} refreshes were answered with {one['tokens']} refresh tokens, by "
        f"{one['in_table']} rotations. RotationGraceSeconds is 10, the default."
    )
    return "\n".join([*lines, f"{figures['engine']}, in memory; milliseconds are the function's, in its process."])


def _cpu_milliseconds(level: Mapping[str, Any]) -> float:
    """Return the CPU time of one operation, in the function and in the engine: what others use does not change it."""
    seconds: float = (level["workers_cores"] + (level["engine_cores"] or 0)) / level["per_second"]
    return seconds * 1000


def check_rotations(given_out: int, in_table: int) -> None:
    """Compare the refresh tokens that were given out with the rotations in the table.

    Raises:
        RuntimeError: one was lost, or happened twice.

    """
    if given_out != in_table:
        raise RuntimeError(f"{given_out} refresh tokens were given out, and the table has {in_table} rotations")


class _Scene:
    """What the workers work on."""

    def __init__(self, deployment: Deployment, workers: int) -> None:
        self.deployment = deployment
        self.workers = workers
        self.client = deployment.client()
        self.sessions = [self._session(f"owner-{number}") for number in range(workers)]
        names = [[f"user-{worker}-{number}" for number in range(USERS_PER_WORKER)] for worker in range(workers)]
        self.usernames = names[: max(FEW_LEVELS)]
        for name in (name for worker in self.usernames for name in worker):
            add_user(deployment, self.client, name)
        add_user(deployment, self.client, "ada")
        with Instances(deployment) as instances:
            self.access_token = succeeded(instances.start("login")(login_event("ada")))["access_token"]

    def _session(self, username: str) -> tuple[dict[str, Any], str]:
        item, token = self.deployment.new_session(add_user(self.deployment, self.client, username))
        self.client.put_item(TableName=self.deployment.tables["SessionsTable"], Item=item)
        return {name: item[name] for name in ("user_id", "session_id")}, token

    def material(self, operation: str, number: int) -> Sequence[str]:
        """Return what a worker needs for an operation, by its number."""
        match operation:
            case "refresh":
                return (self.sessions[number][1],)
            case "refresh of one session":
                return (self.one_session[1],)
            case "authorizer":
                return (self.access_token,)
            case _:
                return self.usernames[number]

    def begin_one_session(self) -> None:
        """Make the session that all workers refresh at the next level."""
        self.one_session = self._session(f"shared-{os.urandom(8).hex()}")

    def generation(self, key: dict[str, Any]) -> int:
        """Return how often a session was rotated."""
        response = self.client.get_item(TableName=self.deployment.tables["SessionsTable"], Key=key, ConsistentRead=True)
        return int(response["Item"]["generation"]["N"])


class _Run:
    def __init__(self, workers: Workers, scene: _Scene, *, quick: bool) -> None:
        self.workers = workers
        self.scene = scene
        self.levels = QUICK_LEVELS if quick else None
        self.seconds, self.warm_up = (QUICK_SECONDS, QUICK_WARM_UP) if quick else (SECONDS, WARM_UP)
        self.engine_warm_up = QUICK_ENGINE_WARM_UP if quick else ENGINE_WARM_UP
        self.answered = 0
        self.one = {"answered": 0, "tokens": 0, "in_table": 0}

    def figures(self) -> dict[str, Any]:
        self._level("refresh", 2, self.engine_warm_up)
        operations = {}
        for operation, levels in OPERATIONS.items():
            rows = [self._level(operation, count, self.warm_up) for count in self.levels or levels]
            operations[operation] = {"levels": rows, "knee": knee(rows)}
        in_table = sum(self.scene.generation(key) for key, _ in self.scene.sessions)
        check_rotations(self.answered, in_table)
        rotations = {"answered": self.answered, "in_table": in_table}
        return {"operations": operations, "rotations": rotations, "one_session": self.one}

    def _level(self, operation: str, count: int, warm_up: float) -> dict[str, Any]:
        if operation == "refresh of one session":
            self.scene.begin_one_session()
        row, done = self.workers.level(
            operation,
            count,
            warm_up=warm_up,
            seconds=self.seconds,
            material=lambda number: self.scene.material(operation, number),
        )
        answered = sum(one.answered for one in done)
        if operation == "refresh":
            self.answered += answered
        elif operation == "refresh of one session":
            tokens = {token for one in done for token in one.tokens}
            generation = self.scene.generation(self.scene.one_session[0])
            check_rotations(len(tokens), generation)
            for name, value in (("answered", answered), ("tokens", len(tokens)), ("in_table", generation)):
                self.one[name] += value
        return row

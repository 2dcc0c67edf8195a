"""Thousands of refreshes through a proxy that loses some exchanges with DynamoDB, and some logins and logouts.

The functions run in several processes, with their own SDK, on a real engine. A client that gets 503 sends the same
request again. All traffic stays on loopback. The time between two refreshes of a session passes on the functions' own
clock, so that nobody waits for it. The time until an answer is a real one, so the proof needs a quiet machine.
"""

import multiprocessing
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from unittest.mock import patch

from benchmarks.frame import processes
from benchmarks.frame.results import markdown
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import Function, running
from edge_auth.adapters.dynamodb.session_items import session_key
from proof.faults.proxy import (
    AFTER,
    BEFORE,
    PARTIAL,
    PASSES,
    SILENT_AFTER,
    SILENT_BEFORE,
    lossy,
)
from proof.frame.results import Figures, MissingTool
from proof.frame.run import Run, added
from tests.support.clock import RunningClock
from tests.support.sample_events import Event

PARTS = {BEFORE: 0.025, AFTER: 0.025, SILENT_BEFORE: 0.005, SILENT_AFTER: 0.005, PARTIAL: 0.01}
"""Of all exchanges: a connection that is reset in 5 of 100, no answer in 1, and a part of one in 1."""

PROCESSES = 4
ROUNDS = 4  # refreshes of each session in a part
TRIES = 10  # of a client, until it gives a request up
BETWEEN_SECONDS = 60  # more than the grace window, so that each refresh is a rotation
GOAL_SECONDS = 3.0  # until an answer, also if exchanges get lost
UNAVAILABLE, SUCCESSES = 503, (200, 204)


def prove(run: Run) -> Figures:
    """Refresh, log in and log out while exchanges get lost. Raises MissingTool: there is no engine."""
    parts = run.amount(short=1, long=10)
    sessions, logins = run.amount(short=40, long=500), run.amount(short=4, long=40)  # of a part
    try:
        with (
            running_engine() as engine,
            deployed(engine.endpoint) as deployment,
            ProcessPoolExecutor(run.amount(short=2, long=PROCESSES), multiprocessing.get_context("spawn")) as pool,
        ):
            workers = run.amount(short=2, long=PROCESSES)

            def part(name: str) -> dict[str, dict[str, float]]:
                tasks = [
                    Task(deployment, run.chance(name, number), sessions // workers, logins // workers)
                    for number in range(workers)
                ]
                done = list(pool.map(_work, tasks))
                measured = added(each["measured"] for each in done)
                slowest = max(each["slowest_s"] for each in done)
                return {
                    "counts": added(each["counts"] for each in done),
                    "measured": measured,
                    "slowest": {"s": slowest},
                }

            done = run.parts([f"part {number}" for number in range(parts)], part).values()
    except processes.MissingTool as missing:
        raise MissingTool(str(missing)) from None
    slowest = max(each["slowest"]["s"] for each in done)
    measured = {**added(each["measured"] for each in done), "slowest_s": round(slowest, 1), "engine": engine.name}
    return Figures(added(each["counts"] for each in done), measured)


def broken(figures: Figures) -> list[str]:
    """Return what does not hold."""
    promises = {
        "wrong_answers": "answers are neither a success nor 503",
        "sessions_lost": "sessions were lost",
        "sessions_changed_wrongly": "sessions were rotated more or less often than they were refreshed",
        "logouts_undone": "sessions live after their logout was answered",
        "given_up": f"requests failed {TRIES} times",
    }
    slowest = figures.measured["slowest_s"]
    return [
        *(f"{figures.counts[name]} {sentence}" for name, sentence in promises.items() if figures.counts[name]),
        *([f"an answer took {slowest} s"] if slowest > GOAL_SECONDS else []),
    ]


def table(figures: Figures) -> str:
    """Return the counts and what was lost."""
    counts, measured = figures.counts, figures.measured
    rows = [
        (name.replace("_", " "), f"{count:,}") for name, count in {**counts, **measured}.items() if name != "engine"
    ]
    return f"{markdown(('', 'count'), rows)}\n\n{measured['engine']}, on loopback."


@dataclass
class Task:
    """What one process does: refreshes of some sessions, and logins, each with a logout."""

    deployment: Deployment
    chance: random.Random
    sessions: int
    logins: int


@dataclass
class Client:
    """Calls functions, and sends the same request again while the answer is 503."""

    counts: Counter[str] = field(default_factory=Counter)
    measured: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    def insist(self, function: Function, event: Event) -> dict[str, Any]:
        """Return the answer of the first try that is not refused with 503. It may be one with another status."""
        for _ in range(TRIES):
            begin = time.perf_counter()
            answer: dict[str, Any] = function.answer(event)
            seconds = time.perf_counter() - begin
            self.slowest_s = max(self.slowest_s, seconds)
            self.measured["over_3_s"] += seconds > GOAL_SECONDS
            status = answer["statusCode"]
            if status != UNAVAILABLE:
                self.counts["wrong_answers"] += status not in SUCCESSES
                return answer
            self.measured["answers_503"] += 1
        self.counts["given_up"] += 1
        return {"statusCode": UNAVAILABLE, "body": "{}"}


@contextmanager
def _clock() -> Iterator[RunningClock]:
    """Let the functions have a clock that can be moved on."""
    clock = RunningClock()
    clock.now_ms = int(time.time() * 1000)
    with patch("edge_auth.clock.time", clock):
        yield clock


def _drawing(chance: random.Random) -> Callable[[], str]:
    fates, weights = [PASSES, *PARTS], [1 - sum(PARTS.values()), *PARTS.values()]
    return lambda: chance.choices(fates, weights)[0]


def _work(task: Task) -> dict[str, Any]:
    """Do a task in this process. The engine is behind the proxy; what is prepared and checked goes past it."""
    deployment, client = task.deployment, Client()
    engine_port = int(str(deployment.endpoint).rpartition(":")[2])
    client.counts.update(dict.fromkeys(_COUNTED, 0))
    with lossy(engine_port, _drawing(task.chance)) as proxy, _clock() as clock:
        behind = replace(deployment, endpoint=f"http://127.0.0.1:{proxy.port}")
        with running(behind) as functions:
            refresh, login, logout = (functions.start(name) for name in ("refresh", "login", "logout"))
            _refreshes(task, client, refresh, clock)
            _logins(task, client, login, logout)
        client.measured.update({f"exchanges, {fate}": count for fate, count in sorted(proxy.drawn.items())})
    return {"counts": dict(client.counts), "measured": dict(client.measured), "slowest_s": client.slowest_s}


_COUNTED = (
    *("refreshes", "logins", "logouts", "wrong_answers", "sessions_lost", "sessions_changed_wrongly"),
    *("logouts_undone", "given_up"),
)


def _refreshes(task: Task, client: Client, refresh: Function, clock: RunningClock) -> None:
    """Refresh each session in turn, and compare the generations in the table with the rounds."""
    deployment = task.deployment
    user_id = deployment.new_user()[1]
    made = [deployment.new_session(user_id) for _ in range(task.sessions)]
    deployment.put_sessions(item for item, _ in made)
    tokens = {item["session_id"]["S"]: token for item, token in made}
    for _ in range(ROUNDS):
        for session_id, token in tokens.items():
            client.counts["refreshes"] += 1
            answer = client.insist(refresh, events.refresh(token))
            if answer["statusCode"] in SUCCESSES:
                tokens[session_id] = events.succeeded(answer)["refresh_token"]
            else:
                client.counts["sessions_lost"] += 1
        clock.advance(seconds=BETWEEN_SECONDS)
    for session_id in tokens:
        found = deployment.generation(user_id, session_id)
        client.counts["sessions_changed_wrongly"] += found != ROUNDS


def _logins(task: Task, client: Client, login: Function, logout: Function) -> None:
    """Log in and out, and look whether the session has ended."""
    deployment = task.deployment
    for _ in range(task.logins):
        username, user_id = deployment.new_user()
        client.counts["logins"] += 1
        answer = client.insist(login, events.login(username))
        if answer["statusCode"] not in SUCCESSES:
            continue
        granted = events.succeeded(answer)
        client.counts["logouts"] += 1
        client.insist(logout, events.logout(granted["refresh_token"]))
        found = deployment.client.get_item(
            TableName=deployment.tables["SessionsTable"],
            Key=session_key(user_id, granted["session_id"]),
            ConsistentRead=True,
        )
        client.counts["logouts_undone"] += "absolute_expires_at" in found.get("Item", {})

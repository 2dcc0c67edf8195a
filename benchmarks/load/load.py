"""The load: a number of workers at once, each in its own process like one Lambda instance.

A worker serves one request after another, and checks each answer.
"""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from multiprocessing.managers import SyncManager
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.events import NO_CONTENT, allowed
from benchmarks.requests.functions import Function, Functions, running
from tests.support.sample_events import token_event

PATIENCE_SECONDS = 600.0  # for processes that all start at once, on a busy machine too
TICKS = os.sysconf("SC_CLK_TCK")
UTIME_AND_STIME = slice(11, 13)  # among the fields after the command in /proc/PID/stat

Calls = Iterator[tuple[float, str]]
"""Repeats one operation and checks each answer. Yields the milliseconds of the function, and a refresh token."""


@dataclass(frozen=True)
class Done:
    """The results of a worker. `answered` counts all calls; `tokens` are the refresh tokens that it received."""

    milliseconds: list[float]
    answered: int
    cpu_seconds: float
    tokens: frozenset[str]


@dataclass(frozen=True)
class Load:
    """Processes that work at once. The pool starts them when they are needed."""

    deployment: Deployment
    engine_process_id: int
    pool: ProcessPoolExecutor
    manager: SyncManager

    def level(
        self, operation: str, materials: Sequence[Sequence[str]], *, warm_up: float, seconds: float
    ) -> tuple[dict[str, Any], list[Done]]:
        """Let one worker for each material do an operation, all at once.

        Returns the level's figures and what each worker did. The figures are those of `figures_of`, and the busy cores
        of the engine and of the whole machine. Raises RuntimeError: an answer is wrong.
        """
        barrier = self.manager.Barrier(len(materials) + 1, timeout=PATIENCE_SECONDS)
        do = partial(_work, self.deployment, operation, barrier, warm_up, seconds)
        workers = [self.pool.submit(do, material) for material in materials]
        with suppress(BrokenBarrierError):  # a worker broke it, and its error is raised below
            barrier.wait()
        time.sleep(warm_up)
        before = cpu_seconds(self.engine_process_id)
        time.sleep(seconds)
        after = cpu_seconds(self.engine_process_id)
        if errors := [error for each in workers if (error := each.exception())]:
            # The ones that only waited for a worker that failed come last.
            raise min(errors, key=lambda error: isinstance(error, BrokenBarrierError))
        done = [each.result() for each in workers]
        engine, machine = (round((last - first) / seconds, 2) for first, last in zip(before, after, strict=True))
        return {**figures_of(done, seconds=seconds), "engine_cores": engine, "machine_cores": machine}, done


@contextmanager
def load(deployment: Deployment, engine_process_id: int, most_workers: int) -> Iterator[Load]:
    """Yield a load of up to `most_workers` processes, and end them afterwards."""
    processes = multiprocessing.get_context("spawn")
    with processes.Manager() as manager, ProcessPoolExecutor(most_workers, processes) as pool:
        yield Load(deployment, engine_process_id, pool, manager)


def figures_of(done: Sequence[Done], *, seconds: float) -> dict[str, Any]:
    """Return a level's `workers`, `per_second`, `p50`, `p95`, `p99` (ms) and `workers_cores` (busy cores)."""
    milliseconds = [value for one in done for value in one.milliseconds]
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {
        "workers": len(done),
        "per_second": round(len(milliseconds) / seconds, 1),
        **{f"p{percent}": round(cuts[percent - 1], 2) for percent in (50, 95, 99)},
        "workers_cores": round(sum(one.cpu_seconds for one in done) / seconds, 2),
    }


def cpu_seconds(process_id: int) -> tuple[float, float]:
    """Return the CPU time of a process and its threads, and of all processes on this machine: proc(5), on Linux."""
    after_command = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    of_machine = Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)[1:9]
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, of_machine)
    busy = user + nice + system + irq + softirq + steal
    return sum(map(int, after_command[UTIME_AND_STIME])) / TICKS, busy / TICKS


def calls_of(functions: Functions, operation: str, material: Sequence[str]) -> Calls:
    """Start the functions that an operation needs, and return its calls. `material` is tokens or user names."""
    start = functions.start
    calls: dict[str, Callable[[], Calls]] = {
        # With no grace window every refresh is a rotation.
        "refresh": lambda: refreshes(start("refresh", {"RotationGraceSeconds": "0"}), material[0], rotates=True),
        "refresh of one session": lambda: refreshes(start("refresh"), material[0], rotates=False),
        "login": lambda: _logins(start("login"), None, material),
        "login and logout": lambda: _logins(start("login"), start("logout"), material),
        "authorizer": lambda: _authorizations(start("authorizer", {"RevocationSeconds": "0"}), material[0]),
    }
    return calls[operation]()


def refreshes(refresh: Function, token: str, *, rotates: bool) -> Calls:
    """Refresh one session. Raises RuntimeError: an answer has no new token, although every refresh `rotates`."""
    while True:
        before, token = token, refresh(events.refresh(token))["refresh_token"]
        if rotates and token == before:
            raise RuntimeError("answered without a rotation")
        yield refresh.milliseconds, token


def _logins(login: Function, logout: Function | None, usernames: Sequence[str]) -> Calls:
    for username in cycle(usernames):
        token = login(events.login(username))["refresh_token"]
        if logout:
            logout(events.logout(token), NO_CONTENT)
        yield login.milliseconds + (logout.milliseconds if logout else 0), token


def _authorizations(authorizer: Function, access_token: str) -> Calls:
    event = token_event(access_token)
    while True:
        allowed(authorizer.answer(event))
        yield authorizer.milliseconds, ""


def work(calls: Calls, *, warm_up: float, seconds: float) -> Done:
    """Warm up, and then measure calls for `seconds`, at least one."""
    milliseconds: list[float] = []
    tokens: set[str] = set()
    answered, cpu_before = 0, time.process_time()
    measured_from = time.monotonic() + warm_up
    while (begin := time.monotonic()) < measured_from + seconds or not milliseconds:
        took, token = next(calls)
        answered += 1
        tokens.add(token)
        if begin < measured_from:
            cpu_before = time.process_time()
        else:
            milliseconds.append(took)
    return Done(milliseconds, answered, time.process_time() - cpu_before, frozenset(tokens))


def _work(
    deployment: Deployment, operation: str, barrier: Barrier, warm_up: float, seconds: float, material: Sequence[str]
) -> Done:
    try:
        with running(deployment) as functions:
            calls = calls_of(functions, operation, material)
            barrier.wait()  # no worker calls the engine while others still load their modules
            return work(calls, warm_up=warm_up, seconds=seconds)
    except Exception:
        barrier.abort()
        raise

"""The load: a number of workers at once, each in its own process."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.managers import SyncManager
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

from benchmarks.load.worker import Done, calls_of, work
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.functions import running

PATIENCE_SECONDS = 600.0  # for processes that all start at once, on a busy machine too
PERCENTS = (50, 95, 99)
TICKS = os.sysconf("SC_CLK_TCK")
UTIME_AND_STIME = slice(11, 13)  # among the fields after the command in /proc/PID/stat: proc(5)


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
        of the engine and of the whole machine, or None if the system does not report them. Raises RuntimeError: an
        answer is wrong.
        """
        barrier = self.manager.Barrier(len(materials) + 1, timeout=PATIENCE_SECONDS)
        workers = [
            self.pool.submit(_work, self.deployment, operation, material, barrier, warm_up, seconds)
            for material in materials
        ]
        with suppress(BrokenBarrierError):  # a worker broke it, and its error is raised below
            barrier.wait()
        time.sleep(warm_up)
        before = cpu_seconds(self.engine_process_id), machine_cpu_seconds()
        time.sleep(seconds)
        after = cpu_seconds(self.engine_process_id), machine_cpu_seconds()
        errors = [error for each in workers if (error := each.exception())]
        if errors:  # of these, the ones that only waited for a worker that failed come last
            raise min(errors, key=lambda error: isinstance(error, BrokenBarrierError))
        done = [each.result() for each in workers]
        engine_cores, machine_cores = (
            None if first is None or last is None else round((last - first) / seconds, 2)
            for first, last in zip(before, after, strict=True)
        )
        return {**figures_of(done, seconds=seconds), "engine_cores": engine_cores, "machine_cores": machine_cores}, done


@contextmanager
def load(deployment: Deployment, engine_process_id: int, most_workers: int) -> Iterator[Load]:
    """Yield a load of up to `most_workers` processes, and end them afterwards."""
    processes = multiprocessing.get_context("spawn")
    with processes.Manager() as manager, ProcessPoolExecutor(most_workers, processes) as pool:
        yield Load(deployment, engine_process_id, pool, manager)


def figures_of(done: Sequence[Done], *, seconds: float) -> dict[str, Any]:
    """Return a level's `workers`, `per_second`, `p50`, `p95`, `p99` (ms), `count` and `workers_cores` (busy cores)."""
    milliseconds = [value for one in done for value in one.milliseconds]
    cuts = statistics.quantiles(milliseconds, n=100, method="inclusive")
    return {
        "workers": len(done),
        "per_second": round(len(milliseconds) / seconds, 1),
        **{f"p{percent}": round(cuts[percent - 1], 2) for percent in PERCENTS},
        "count": len(milliseconds),
        "workers_cores": round(sum(one.cpu_seconds for one in done) / seconds, 2),
    }


def cpu_seconds(process_id: int) -> float | None:
    """Return the CPU time of a process and its threads, or None on a system without /proc."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    return sum(map(int, stat.rpartition(")")[2].split()[UTIME_AND_STIME])) / TICKS


def machine_cpu_seconds() -> float | None:
    """Return the CPU time of all processes on this machine, or None on a system without /proc."""
    try:
        ticks = Path("/proc/stat").read_text(encoding="utf-8").split(maxsplit=9)[1:9]
    except FileNotFoundError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks)
    return (user + nice + system + irq + softirq + steal) / TICKS


def _work(
    deployment: Deployment, operation: str, material: Sequence[str], barrier: Barrier, warm_up: float, seconds: float
) -> Done:
    try:
        with running(deployment) as functions:
            calls = calls_of(functions, operation, material)
            barrier.wait()  # no worker calls the engine while others still load their modules
            return work(calls, warm_up=warm_up, seconds=seconds)
    except Exception:
        barrier.abort()
        raise

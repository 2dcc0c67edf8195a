"""Load: workers in processes of their own, of whom more and more work at once."""

import multiprocessing
import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.deployment import Deployment
from benchmarks.load_worker import Done, Order, work

LEAST_GAIN = 0.1  # what throughput must gain for a level to be worth its workers
PATIENCE_SECONDS = 180.0  # for processes that start all at once
PERCENTS = (50, 95, 99)
TICKS = os.sysconf("SC_CLK_TCK")
UTIME_AND_STIME = slice(11, 13)  # of what follows the command in /proc/PID/stat: proc(5)


class Workers:
    """The processes, started once; each level makes the first so many of them work."""

    def __init__(self, deployment: Deployment, count: int, engine_process_id: int | None) -> None:
        """Start them."""
        self._engine_process_id = engine_process_id
        context = multiprocessing.get_context("spawn")
        self._connections: list[Connection] = []
        self._processes = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=work, args=(theirs, deployment), daemon=True)
            process.start()
            theirs.close()
            self._connections.append(ours)
            self._processes.append(process)

    def __enter__(self) -> Self:
        """Wait until all are there. Raises RuntimeError: one is not."""
        try:
            for connection in self._connections:
                self._answer(connection)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End them all."""
        self._stop()

    def level(
        self, operation: str, count: int, *, warm_up: float, seconds: float, material: Callable[[int], Sequence[str]]
    ) -> tuple[dict[str, Any], list[Done]]:
        """Make `count` workers do one operation; `material` is what each gets, by its number.

        Returns what each worker did and the level's figures: `level_figures`, and the cores that the engine and the
        whole machine kept busy, None where that cannot be known. Raises RuntimeError: a wrong answer.
        """
        active = self._connections[:count]
        self._order(active, operation, 0.0, 0.0, material)  # starts the functions, before anything is measured
        for connection in active:
            self._answer(connection)
        measured_from = time.monotonic() + warm_up
        until = measured_from + seconds
        self._order(active, operation, measured_from, until, material)
        _sleep_until(measured_from)
        engine_before, machine_before = cpu_seconds(self._engine_process_id), machine_cpu_seconds()
        _sleep_until(until)
        engine_after, machine_after = cpu_seconds(self._engine_process_id), machine_cpu_seconds()
        done = [self._answer(connection) for connection in active]
        figures = {
            **level_figures(done, seconds=seconds),
            "engine_cores": _cores(engine_before, engine_after, seconds),
            "machine_cores": _cores(machine_before, machine_after, seconds),
        }
        return figures, done

    def _order(
        self,
        connections: Sequence[Connection],
        operation: str,
        measured_from: float,
        until: float,
        material: Callable[[int], Sequence[str]],
    ) -> None:
        for number, connection in enumerate(connections):
            connection.send(Order(operation, measured_from, until, material(number)))

    def _answer(self, connection: Connection) -> Any:  # noqa: ANN401 - "ready", or Done
        if not connection.poll(PATIENCE_SECONDS):
            raise RuntimeError("a worker does not answer")
        answer = connection.recv()
        if isinstance(answer, str) and answer != "ready":
            raise RuntimeError(answer)
        return answer

    def _stop(self) -> None:
        for connection in self._connections:
            connection.close()
        for process in self._processes:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()


def level_figures(done: Sequence[Done], *, seconds: float) -> dict[str, Any]:
    """Return a level's `workers`, `per_second`, `p50`, `p95`, `p99` (ms), `count`, and the cores the workers used."""
    milliseconds = [value for one in done for value in one.milliseconds]
    return {
        "workers": len(done),
        "per_second": round(len(milliseconds) / seconds, 1),
        **percentiles(milliseconds),
        "count": len(milliseconds),
        "workers_cores": round(sum(one.cpu_seconds for one in done) / seconds, 2),
    }


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return `p50`, `p95` and `p99` of at least two values."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {f"p{percent}": round(cuts[percent - 1], 2) for percent in PERCENTS}


def knee(levels: Sequence[Mapping[str, Any]]) -> int | None:
    """Return the workers of the first level that gains less than a tenth over the one before; None where all do."""
    for before, level in pairwise(levels):
        if level["per_second"] - before["per_second"] < before["per_second"] * LEAST_GAIN:
            workers: int = level["workers"]
            return workers
    return None


def cpu_seconds(process_id: int | None) -> float | None:
    """Return the CPU time of a process and its threads; None where there is none, or no /proc."""
    try:
        stat = Path(f"/proc/{process_id}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return sum(map(int, stat.rpartition(")")[2].split()[UTIME_AND_STIME])) / TICKS


def machine_cpu_seconds() -> float | None:
    """Return the CPU time that everything on this machine has used; None where there is no /proc."""
    try:
        ticks = Path("/proc/stat").read_text().split(maxsplit=9)[1:9]
    except FileNotFoundError:
        return None
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, ticks)
    return (user + nice + system + irq + softirq + steal) / TICKS


def _cores(before: float | None, after: float | None, seconds: float) -> float | None:
    return None if before is None or after is None else round((after - before) / seconds, 2)


def _sleep_until(moment: float) -> None:
    time.sleep(max(0.0, moment - time.monotonic()))

"""Half an hour at four fifths of what this machine can do: no error, and no memory that grows.

The real functions run in processes of their own on a real engine, as in `benchmarks.load`. First the load goes up until
more workers do no more work (the knee), with the same acts. Then the workers keep four fifths of that rate. Every tenth
second the resident memory of each worker is read. All traffic stays on loopback.
"""

import math
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import linear_regression
from typing import Any

from benchmarks.frame import processes
from benchmarks.frame.results import markdown
from benchmarks.load.throughput import knee
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import Functions, running
from proof.frame.results import Figures, MissingTool
from proof.frame.run import Run

PART_OF_KNEE = 0.8
LEVELS = (1, 2, 4, 8)
LEVEL_SECONDS = 8
ENGINE_WARM_UP_SECONDS = 20  # until Java has compiled the code that it runs often
SAMPLE_SECONDS = 10.0
REFRESHES = 100  # then one login and one logout
MAX_GROWTH_MIB = 2.0  # of a worker, in the second half of the run
LEAST_PART_OF_RATE = 0.95  # that has to be kept
MIB = 2**20
PAGE_BYTES = 4096


def prove(run: Run) -> Figures:
    """Find the knee and hold four fifths of it. Raises MissingTool: there is no engine, or no /proc."""
    if sys.platform != "linux":
        raise MissingTool("the memory of a process is read from Linux's /proc")
    seconds = run.amount(short=20, long=1800)
    try:
        with running_engine() as engine, deployed(engine.endpoint) as deployment:

            def at_most(workers: int, seconds: float) -> dict[str, Any]:
                return {"workers": workers, **hold(deployment, workers, math.inf, seconds, engine.process_id, run)}

            at_most(LEVELS[-1], run.amount(short=1, long=ENGINE_WARM_UP_SECONDS))
            levels = [at_most(workers, run.amount(short=1, long=LEVEL_SECONDS)) for workers in LEVELS]
            found = knee(levels) or LEVELS[-1]
            at_knee = next(level["per_second"] for level in levels if level["workers"] == found)
            held = hold(deployment, found, PART_OF_KNEE * at_knee, seconds, engine.process_id, run)
    except processes.MissingTool as missing:
        raise MissingTool(str(missing)) from None
    rates = {str(level["workers"]): level["per_second"] for level in levels}
    return Figures(
        {"errors": sum(each.pop("errors") for each in (*levels, held)), "seconds": seconds},
        {"engine": engine.name, "levels_per_second": rates, "workers": found, "knee_per_second": at_knee, **held},
    )


def broken(figures: Figures) -> list[str]:
    """Return what does not hold."""
    held, planned = figures.measured["per_second"], PART_OF_KNEE * figures.measured["knee_per_second"]
    grown = {name: mib for name, mib in figures.measured["grown_mib"].items() if mib > MAX_GROWTH_MIB}
    return [
        *([f"{figures.counts['errors']} errors"] if figures.counts["errors"] else []),
        *(f"{name} has grown by {mib} MiB in the second half" for name, mib in grown.items()),
        *(
            [f"only {held} of {planned:.1f} refreshes a second were held"]
            if held < LEAST_PART_OF_RATE * planned
            else []
        ),
    ]


def table(figures: Figures) -> str:
    """Return what was held, and the memory of each worker."""
    measured = figures.measured
    rows = [
        (name, measured["first_mib"][name], measured["last_mib"][name], grown)
        for name, grown in measured["grown_mib"].items()
    ]
    times = ", ".join(f"p{percent} {measured[f'p{percent}_ms']} ms" for percent in (50, 95, 99))
    return f"""\
{markdown(("process", "first, MiB", "last, MiB", "slope of the second half, MiB"), rows)}

Held {measured["per_second"]} of {measured["knee_per_second"]} refreshes a second at the knee ({measured["workers"]} \
workers), for {figures.counts["seconds"]} s: {measured["calls"]:,} calls, {figures.counts["errors"]} errors; {times}.
The engine, in memory: {measured["engine_mib"][0]} MiB at first, {measured["engine_mib"][1]} at the end. \
{measured["engine"]}."""


@dataclass
class Memory:
    """The resident memory of some processes, in bytes, at some times."""

    times: list[float] = field(default_factory=list)
    bytes_of: dict[str, list[int]] = field(default_factory=dict)

    def read(self, now: float, process_ids: dict[str, int]) -> None:
        """Read the memory of each process. Raises RuntimeError: one has ended."""
        self.times.append(now)
        for name, process_id in process_ids.items():
            self.bytes_of.setdefault(name, []).append(resident_bytes(process_id))

    def growth_mib(self, name: str) -> float:
        """Return by how much the second half of the run has grown, after the line that fits it best."""
        half = len(self.times) // 2
        times, sizes = self.times[half:], self.bytes_of[name][half:]
        if len(times) < 3:  # noqa: PLR2004 - a line through two points fits everything
            return 0.0
        return round(linear_regression(times, sizes).slope * (times[-1] - times[0]) / MIB, 2)


def resident_bytes(process_id: int) -> int:
    """Return the resident memory of a process: proc(5), on Linux. Raises RuntimeError: it has ended."""
    try:
        pages = Path(f"/proc/{process_id}/statm").read_text(encoding="utf-8").split()[1]
    except (FileNotFoundError, IndexError):
        raise RuntimeError("a process has ended") from None
    return int(pages) * PAGE_BYTES


def hold(
    deployment: Deployment, workers: int, per_second: float, seconds: float, engine_process_id: int, run: Run
) -> dict[str, Any]:
    """Keep a rate for some seconds, and return what was done, how long it took, and the memory of each process.

    A rate without a limit is as many as the workers can do.
    """
    context = multiprocessing.get_context("spawn")
    started: list[tuple[Any, Connection]] = []
    for token in _tokens(deployment, workers):
        ours, theirs = context.Pipe()
        worker = context.Process(target=_work, args=(deployment, token[0], per_second / workers, seconds, theirs))
        worker.start()
        started.append((worker, ours))
    for _, ours in started:
        ours.recv()  # it has started its functions
    for _, ours in started:
        ours.send("go")
    memory, begin = Memory(), time.monotonic()
    process_ids = {f"worker {number}": worker.pid or 0 for number, (worker, _) in enumerate(started, 1)}
    every = min(SAMPLE_SECONDS, seconds / 10)
    while (now := time.monotonic() - begin) < seconds:
        memory.read(now, {**process_ids, "engine": engine_process_id})
        run.show(int(now), int(seconds), f"{now:.0f} s of {seconds:.0f} s")
        time.sleep(every)
    run.show(int(seconds), int(seconds), "")
    done: list[dict[str, Any]] = [ours.recv() for _, ours in started]
    for worker, _ in started:
        worker.join()
    return {**_summed(done, seconds), **_sizes(memory, list(process_ids))}


def _summed(done: Sequence[dict[str, Any]], seconds: float) -> dict[str, Any]:
    milliseconds: Counter[int] = sum((each["milliseconds"] for each in done), Counter())
    return {
        "errors": sum(each["errors"] for each in done),
        "error_texts": sorted({text for each in done for text in each["texts"]}),
        "calls": milliseconds.total(),
        "per_second": round(sum(each["refreshes"] for each in done) / seconds, 1),
        **{f"p{percent}_ms": quantile(milliseconds, percent / 100) for percent in (50, 95, 99)},
    }


def quantile(counted: Counter[int], part: float) -> int:
    """Return the smallest value that at least this part of the counted values does not exceed."""
    left = part * counted.total()
    for value, count in sorted(counted.items()):
        left -= count
        if left <= 0:
            return value
    return 0


def _sizes(memory: Memory, names: Sequence[str]) -> dict[str, Any]:
    sizes = {name: [round(size / MIB, 1) for size in read] for name, read in memory.bytes_of.items()}
    return {
        "grown_mib": {name: memory.growth_mib(name) for name in names},
        "first_mib": {name: sizes[name][0] for name in names},
        "last_mib": {name: sizes[name][-1] for name in names},
        "engine_mib": [sizes["engine"][0], sizes["engine"][-1]],
    }


def _tokens(deployment: Deployment, count: int) -> list[list[str]]:
    """Return a refresh token for each worker, of a user of its own."""
    return [[deployment.add_session(deployment.new_user()[1])[1]] for _ in range(count)]


def _work(deployment: Deployment, token: str, per_second: float, seconds: float, parent: Connection) -> None:
    """Keep a rate in this process, and send what was done."""
    with running(deployment) as functions:
        worker = Worker(functions, token)
        worker.act()  # everything is loaded then
        parent.send("ready")
        parent.recv()
        begin = time.monotonic()
        while (ahead := begin + worker.refreshes / per_second - time.monotonic()) < seconds:
            if time.monotonic() - begin >= seconds:
                break
            if ahead > 0:
                time.sleep(ahead)
            worker.act()
        parent.send(
            {
                "refreshes": worker.refreshes,
                "milliseconds": worker.milliseconds,
                "errors": worker.errors,
                "texts": sorted(worker.texts),
            }
        )


class Worker:
    """Refreshes one session, and from time to time logs a user in and out. Times are counted by the millisecond."""

    def __init__(self, functions: Functions, token: str) -> None:
        """Start the functions."""
        self._refresh = functions.start("refresh", {"RotationGraceSeconds": "0"})  # every refresh is a rotation
        self._login, self._logout = functions.start("login"), functions.start("logout")
        self._username, _ = functions.deployment.new_user()
        self._token = token
        self.refreshes = 0
        self.milliseconds: Counter[int] = Counter()
        self.errors = 0
        self.texts: set[str] = set()

    def act(self) -> None:
        """Refresh, and after each hundred also log in and out. An error is counted."""
        self.refreshes += 1
        try:
            self._token = self._refresh(events.refresh(self._token))["refresh_token"]
            self.milliseconds[round(self._refresh.milliseconds)] += 1
            if self.refreshes % REFRESHES == 1:
                granted = self._login(events.login(self._username))
                self._logout(events.logout(granted["refresh_token"]), events.NO_CONTENT)
                for function in (self._login, self._logout):
                    self.milliseconds[round(function.milliseconds)] += 1
        except RuntimeError as error:
            self.errors += 1
            self.texts.add(str(error)[:200])

"""Workers that check every answer, and the summary of their figures."""

import json
import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.load import load
from benchmarks.load.load import (
    Calls,
    Done,
    Load,
    calls_of,
    cpu_seconds,
    figures_of,
    refreshes,
    work,
)
from benchmarks.load.throughput import OPERATIONS
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.functions import Function, running


def test_percentiles_are_of_all_workers_together() -> None:
    """For 0 to 100 in two halves they are 50, 95 and 99. The cores are a sum."""
    halves = [[float(value) for value in range(first, 101, 2)] for first in (0, 1)]

    figures = figures_of([Done(half, 60, 1.0, frozenset()) for half in halves], seconds=2.0)

    assert (figures["p50"], figures["p95"], figures["p99"]) == (50, 95, 99)
    assert (figures["workers"], figures["per_second"]) == (2, 50.5)
    assert figures["workers_cores"] == 1.0


@pytest.mark.skipif(sys.platform != "linux", reason="the processor times are those of Linux's /proc")
def test_the_cpu_time_of_a_process_is_a_part_of_the_machines() -> None:
    """This process has used some CPU time."""
    process, machine = cpu_seconds(os.getpid())
    assert 0 < process < machine


def answered(**body: object) -> dict[str, Any]:
    """Return an answer of a function."""
    return {"statusCode": 200, "body": json.dumps(body)}


def test_a_worker_that_is_not_given_a_new_refresh_token_stops() -> None:
    """Every refresh of its own session must be a rotation, because the benchmark measures rotations."""
    refresh = Function(lambda _event, _context: answered(refresh_token="second"))
    calls = refreshes(refresh, "first", rotates=True)

    assert next(calls)[1] == "second"
    with pytest.raises(RuntimeError, match="without a rotation"):
        next(calls)


def test_a_worker_that_gets_an_error_stops() -> None:
    """A 503 does not count as throughput."""
    refresh = Function(lambda _event, _context: {"statusCode": 503, "body": ""})
    calls = refreshes(refresh, "first", rotates=False)

    with pytest.raises(RuntimeError, match="not 200"):
        next(calls)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_worker_counts_what_it_warms_up_with_and_measures_the_rest(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """The real function does each operation until the time is up. The clock advances by one at each reading."""
    _, token = deployment.add_session(deployment.add_user("ada"))
    clock = SimpleNamespace(monotonic=count().__next__, perf_counter=time.perf_counter, process_time=time.process_time)
    with running(deployment) as functions:
        material = {"authorizer": functions.access_token(), "login": "ada", "login and logout": "ada"}
        calls = calls_of(functions, operation, [material.get(operation, token)])
        monkeypatch.setattr(load, "time", clock)

        done = work(calls, warm_up=2, seconds=3)

    # One warm-up call, and three measured calls.
    assert (done.answered, len(done.milliseconds)) == (4, 3)
    tokens = {"authorizer": {""}}.get(operation, done.tokens - {token})
    assert done.tokens == tokens
    # Within the grace window a session rotates once, and all refreshes get the same successor.
    assert len(done.tokens) == {"authorizer": 1, "refresh of one session": 1}.get(operation, 4)


def test_the_error_of_a_worker_is_raised_and_not_the_wait_of_the_others(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that cannot start ends the level at once, and the error says why."""

    def calls(_functions: object, _operation: str, material: list[str]) -> Calls:
        if material == ["broken"]:
            raise RuntimeError("no engine")
        return iter([(1.0, "token")])

    monkeypatch.setattr(load, "running", nullcontext)
    monkeypatch.setattr(load, "calls_of", calls)
    threads: Any = ThreadPoolExecutor(2)
    barriers: Any = threading
    with threads, pytest.raises(RuntimeError, match="no engine"):
        Load(deployment, os.getpid(), threads, barriers).level(
            "refresh", [["fine"], ["broken"]], warm_up=0.0, seconds=0.0
        )

"""Percentiles, the knee, and workers that check every answer."""

import json
import os
import time
from itertools import count
from types import SimpleNamespace
from typing import Any

import pytest

from benchmarks.deployment import Deployment, add_user
from benchmarks.instances import Instances, login_event, succeeded
from benchmarks.load import cpu_seconds, knee, level_figures, percentiles
from benchmarks.load_worker import Done, Order, Worker


def levels(*per_second: float) -> list[dict[str, Any]]:
    """Return levels of 1, 2, 4, … workers."""
    return [{"workers": 2**number, "per_second": value} for number, value in enumerate(per_second)]


def test_the_knee_is_the_first_level_that_gains_less_than_a_tenth() -> None:
    """Over the one before; what comes after it is no matter."""
    assert knee(levels(100, 190, 205, 400)) == 4
    assert knee(levels(100, 110, 122)) is None
    assert knee(levels(100, 109)) == 2
    assert knee(levels(100, 60)) == 2
    assert knee(levels(100)) is None


def test_percentiles_are_of_all_workers_together() -> None:
    """Of one to a hundred, the 50th, 95th and 99th."""
    assert percentiles([float(value) for value in range(101)]) == {"p50": 50.0, "p95": 95.0, "p99": 99.0}

    figures = level_figures([Done([1.0, 1.0], 3, 0.5), Done([9.0, 9.0], 2, 1.5)], seconds=2.0)

    assert (figures["workers"], figures["per_second"], figures["count"], figures["p50"]) == (2, 2.0, 4, 5.0)
    assert figures["workers_cores"] == 1.0


def test_the_cpu_time_of_a_process_is_known_where_the_system_tells() -> None:
    """Ours has used some; of a process that is not there, or not ours to know, nothing is."""
    assert cpu_seconds(None) is None
    known = cpu_seconds(os.getpid())
    assert known is None or known > 0


def answered(**body: object) -> dict[str, Any]:
    """Return an answer of a function."""
    return {"statusCode": 200, "body": json.dumps(body)}


def test_a_worker_that_is_not_given_a_new_refresh_token_stops(deployment: Deployment) -> None:
    """Every refresh of its own session is a rotation, or the benchmark measures something else."""
    worker = Worker(Instances(deployment))
    worker.token = "first"

    worker.refresh(lambda _event: answered(refresh_token="second"), must_rotate=True)
    with pytest.raises(RuntimeError, match="without a rotation"):
        worker.refresh(lambda _event: answered(refresh_token="second"), must_rotate=True)

    assert worker.token == "second"


def test_a_worker_that_gets_an_error_stops(deployment: Deployment) -> None:
    """A 503 is no throughput."""
    with pytest.raises(RuntimeError, match="not 200: 503"):
        Worker(Instances(deployment)).refresh(lambda _event: {"statusCode": 503, "body": ""}, must_rotate=False)


@pytest.mark.parametrize("operation", ["refresh", "refresh of one session", "login", "login and logout", "authorizer"])
def test_a_worker_counts_what_it_warms_up_with_and_measures_the_rest(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, operation: str
) -> None:
    """Each operation, done by the real function: until its time is up, by a clock that goes on by one a look."""
    client = deployment.client()
    item, token = deployment.new_session(add_user(deployment, client, "ada"))
    client.put_item(TableName=deployment.tables["SessionsTable"], Item=item)
    clock = SimpleNamespace(monotonic=count().__next__, perf_counter=time.perf_counter, process_time=time.process_time)
    with Instances(deployment) as instances:
        material = (token,) if operation.startswith("refresh") else ("ada",)
        if operation == "authorizer":
            material = (succeeded(instances.start("login")(login_event("ada")))["access_token"],)
        worker = Worker(instances)
        monkeypatch.setattr("benchmarks.load_worker.time", clock)

        done = worker.do(Order(operation, measured_from=2, until=5, material=material))

    assert (done.answered, len(done.milliseconds)) == (5, 3)
    # Within the grace window one session rotates once, and all are told its one successor.
    assert len(done.tokens) == (1 if operation == "refresh of one session" else 0)

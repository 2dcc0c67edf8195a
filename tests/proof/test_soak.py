"""The long load: what is computed from the memory and the times, one worker on tables in memory, and how it fails."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from benchmarks.requests.deployment import deployed
from benchmarks.requests.functions import running
from edge_auth.adapters.dynamodb.sessions import DynamoDBSessions
from edge_auth.errors import TemporarilyUnavailable
from proof.frame.results import Figures
from proof.outages import soak
from proof.outages.soak import MIB, REFRESHES, Memory, Worker


@pytest.fixture
def worker() -> Iterator[Worker]:
    """Return a worker whose tables are in memory."""
    with mock_aws(), deployed(None) as deployment, running(deployment) as functions:
        yield Worker(functions, deployment.add_session(deployment.new_user()[1])[1])


def test_a_worker_refreshes_and_logs_in_and_out(worker: Worker) -> None:
    """Every act is a rotation, and after each hundred come a login and a logout."""
    for _ in range(2):
        worker.act()

    assert (worker.errors, worker.refreshes) == (0, 2)
    assert worker.milliseconds.total() == 2 + 2
    assert REFRESHES > 2


def test_an_error_is_counted_and_the_worker_goes_on(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half an hour must not end with the first error, and must not hide it."""
    worker.act()
    with monkeypatch.context() as broken:

        def fails(*_: Any, **__: Any) -> None:  # noqa: ANN401 - any call
            raise TemporarilyUnavailable("injected")

        broken.setattr(DynamoDBSessions, "rotate", fails)
        worker.act()
    worker.act()

    assert worker.errors == 1
    assert [text[:7] for text in worker.texts] == ["not 200"]


def test_the_growth_is_that_of_the_second_half() -> None:
    """What a process takes at its start is no leak, and one sample that is high is none either."""
    memory = Memory([float(second) for second in range(20)])
    memory.bytes_of = {
        "starting": [min(second, 9) * MIB for second in range(20)],
        "leaking": [second * MIB for second in range(20)],
        "flat": [50 * MIB] * 20,
    }

    assert memory.growth_mib("starting") == 0
    assert memory.growth_mib("leaking") == 9
    assert memory.growth_mib("flat") == 0


def test_the_memory_of_this_process_is_read() -> None:
    """A process that has ended is an error, and no memory of zero."""
    memory = Memory()
    memory.read(0, {"this": os.getpid()})

    assert MIB < memory.bytes_of["this"][0] < 4096 * MIB
    with pytest.raises(RuntimeError, match="ended"):
        memory.read(1, {"none": 2**22 + 1})


def test_a_quantile_is_that_of_the_counted_values() -> None:
    """Only whole milliseconds are counted, so that half an hour of times takes no memory."""
    counted = Counter({1: 90, 7: 9, 100: 1})

    assert [soak.quantile(counted, part) for part in (0.5, 0.9, 0.95, 0.99, 1)] == [1, 1, 7, 7, 100]


def test_errors_growth_and_a_lower_rate_break_the_promise() -> None:
    """A promise that no figure can break is none."""
    kept = {"grown_mib": {"worker 1": 0.4}, "per_second": 80, "knee_per_second": 100}

    assert soak.broken(Figures({"errors": 0}, kept)) == []
    assert soak.broken(Figures({"errors": 1}, kept)) == ["1 errors"]
    grown = Figures({"errors": 0}, {**kept, "grown_mib": {"worker 1": 2.1}})
    assert soak.broken(grown) == ["worker 1 has grown by 2.1 MiB in the second half"]
    slow = Figures({"errors": 0}, {**kept, "per_second": 70})
    assert soak.broken(slow) == ["only 70 of 80.0 refreshes a second were held"]

"""The refreshes whose answers get lost: the short form, that it can fail, and each way to lose an exchange."""

import http.client
import io
import random
from collections.abc import Iterator
from contextlib import nullcontext
from http.server import BaseHTTPRequestHandler

import pytest

from benchmarks.frame.processes import MissingTool
from benchmarks.requests.deployment import deployed
from benchmarks.requests.engine import running_engine
from local.dynamodb import Engine
from proof.faults import dropped_answers, proxy
from proof.faults.dropped_answers import Task
from proof.faults.trial import timeout_seconds
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from tests.proof.mistakes import take_failures_for_refusals
from tests.support.loopback import on_loopback

NO_ANSWER = (ConnectionResetError, TimeoutError, http.client.HTTPException)


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Return an engine for all tests."""
    try:
        with running_engine() as engine:
            yield engine
    except MissingTool as missing:
        pytest.skip(str(missing))


def test_no_session_is_lost_with_an_answer(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """F1, F2, F13: every client gets its answer by trying again, and every refresh is one rotation."""
    monkeypatch.setattr(dropped_answers, "running_engine", lambda: nullcontext(engine))
    figures = dropped_answers.prove(Run("dropped_answers", SHORT, screen=io.StringIO()))

    # The tests share their machine with others, so only the long form holds each answer to three seconds.
    assert figures.measured["slowest_s"] <= timeout_seconds("refresh") == 20
    assert dropped_answers.broken(Figures(figures.counts, {"slowest_s": 0})) == []
    assert figures.counts["refreshes"] == 160
    assert (figures.counts["logins"], figures.counts["logouts"]) == (4, 4)
    assert sum(figures.measured.get(f"exchanges, {fate}", 0) for fate in proxy.APPLIED) > 0


def test_a_failure_that_is_taken_for_a_refusal_is_seen(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """DC-3: that is how users are logged out by a network."""
    take_failures_for_refusals(monkeypatch)
    monkeypatch.setattr(dropped_answers, "PARTS", {proxy.BEFORE: 0.7})
    with deployed(engine.endpoint) as deployment:
        done = dropped_answers._work(Task(deployment, random.Random(1), sessions=5, logins=0))  # noqa: S311 - no secret

    figures = Figures(done["counts"], {"slowest_s": done["slowest_s"]})
    assert any(each.endswith("sessions were lost") for each in dropped_answers.broken(figures))


@pytest.mark.parametrize("name", ["wrong_answers", "sessions_changed_wrongly", "logouts_undone", "given_up"])
def test_each_promise_can_be_broken(name: str) -> None:
    """A promise that no figure can break is none."""
    kept = dict.fromkeys(dropped_answers._COUNTED, 0)

    assert dropped_answers.broken(Figures(kept, {"slowest_s": 2})) == []
    assert len(dropped_answers.broken(Figures({**kept, name: 1}, {"slowest_s": 2}))) == 1
    assert dropped_answers.broken(Figures(kept, {"slowest_s": 3.1})) == ["an answer took 3.1 s"]


@pytest.fixture
def served() -> Iterator[tuple[int, list[bytes]]]:
    """Return the port of a server that answers every request, and the bodies that it has served."""
    bodies: list[bytes] = []

    class Server(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "12")
            self.end_headers()
            self.wfile.write(b"twelve bytes")

    with on_loopback(Server) as port:
        yield port, bodies


@pytest.mark.parametrize("fate", [proxy.BEFORE, proxy.AFTER, proxy.SILENT_BEFORE, proxy.SILENT_AFTER, proxy.PARTIAL])
def test_an_exchange_is_lost_in_its_way(served: tuple[int, list[bytes]], fate: str) -> None:
    """The client has no whole answer, and the server has served the request or not. The next exchange passes."""
    port, bodies = served
    fates = [proxy.PASSES, fate, proxy.PASSES]
    with proxy.lossy(port, lambda: fates.pop(0)) as between:
        client = http.client.HTTPConnection("127.0.0.1", between.port, timeout=0.3)

        def ask(body: bytes) -> bytes:
            client.request("POST", "/", body)
            return client.getresponse().read()

        assert ask(b"first") == b"twelve bytes"
        with pytest.raises(NO_ANSWER):
            ask(b"second")
        client.close()
        assert ask(b"third") == b"twelve bytes"
        client.close()

    assert bodies == [b"first", *([b"second"] if fate in proxy.APPLIED else []), b"third"]
    assert between.drawn == {proxy.PASSES: 2, fate: 1}

"""The drills of outages: the relay, a drill on a small API, and that a drill can fail."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from proof.frame.results import Figures
from proof.outages import drills, load
from proof.outages.drills import DYNAMODB, GOES_ON, OK, UNAVAILABLE_ONLY, Drill
from proof.outages.load import CALL, LOGIN, REFRESH, UNAVAILABLE, Load, Seen
from proof.outages.relay import Relay, relay

PLANNED = {REFRESH: UNAVAILABLE_ONLY, LOGIN: UNAVAILABLE_ONLY, CALL: GOES_ON}


@pytest.fixture
def service() -> Iterator[int]:
    """Return the port of a service that sends back what it gets."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=echo, args=(connection,), daemon=True).start()

    def echo(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            while chunk := connection.recv(64):
                connection.sendall(chunk)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def asked(connection: socket.socket, text: bytes = b"x") -> bytes:
    """Send to the service, and return what comes back."""
    connection.sendall(text)
    return connection.recv(64)


def connected(port: int) -> socket.socket:
    """Connect, with little patience."""
    return socket.create_connection(("127.0.0.1", port), timeout=0.3)


def test_a_relay_refuses_and_returns_on_the_same_port(service: int) -> None:
    """What was open ends, so that a client sees at once that the service is gone."""
    with relay(service) as between, closing(connected(between.port)) as connection:
        assert asked(connection) == b"x"

        between.refuse()
        with pytest.raises(OSError, match="refused"):
            connected(between.port)
        with suppress(ConnectionError):
            assert asked(connection) == b""

        between.restore()
        with closing(connected(between.port)) as again:
            assert asked(again) == b"x"


def test_a_silent_relay_accepts_and_answers_nothing(service: int) -> None:
    """A service that hangs costs its clients their whole time limit."""
    with relay(service) as between, closing(connected(between.port)) as connection:
        between.fall_silent()
        with closing(connected(between.port)) as other:
            for each in (connection, other):
                with pytest.raises(TimeoutError):
                    asked(each)

        between.restore()
        with closing(connected(between.port)) as again:
            assert asked(again, b"y") == b"y"


@contextmanager
def api(relay_port: int, *, refuses_with: int) -> Iterator[str]:
    """Serve an API whose tokens need the service behind a relay, and whose protected route does not."""

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer(200)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            try:
                with closing(connected(relay_port)) as connection:
                    is_there = asked(connection) == b"x"
            except OSError:
                is_there = False
            self.answer(200 if is_there else refuses_with)

        def answer(self, status: int) -> None:
            body = json.dumps({"access_token": "a", "refresh_token": "r"}).encode()
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the drill take little time."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(drills, "STEADY_SECONDS", 0.1)
    monkeypatch.setattr(drills, "SHORT_SECONDS", 0.1)
    monkeypatch.setattr(drills, "RECOVERY_SECONDS", 0.5)
    monkeypatch.setattr(load, "PAUSES_SECONDS", dict.fromkeys((REFRESH, LOGIN, CALL), 0.02))


def drilled(service: int, drill: Drill, *, refuses_with: int = 503) -> dict[str, Any]:
    """Do a drill on a small API."""
    with relay(service) as between, api(between.port, refuses_with=refuses_with) as address:
        stack = SimpleNamespace(
            settings=SimpleNamespace(base_url=address), user=SimpleNamespace(name="ada", password="x")
        )
        place: Any = SimpleNamespace(stack=stack, services={DYNAMODB: between}, restart=lambda *_: None)
        return drills.drilled(place, drill)


@pytest.mark.usefixtures("_quick")
def test_a_drill_sees_what_goes_on_and_what_does_not(service: int) -> None:
    """During the outage tokens answer 503 and the protected route 200; afterwards all is as before."""
    done = drilled(service, Drill(DYNAMODB, Relay.refuse, 0.6, PLANNED))

    assert drills.broken(Figures({"drill": done["counts"]})) == []
    assert done["measured"]["meanwhile"].keys() == {f"{REFRESH}, 503", f"{LOGIN}, 503", f"{CALL}, 200"}


@pytest.mark.usefixtures("_quick")
def test_a_session_that_an_outage_ends_is_seen(service: int) -> None:
    """DC-3: an API that answers an outage with invalid_grant logs its users out."""
    done = drilled(service, Drill(DYNAMODB, Relay.refuse, 0.6, PLANNED), refuses_with=400)

    sentences = drills.broken(Figures({"drill": done["counts"]}))
    assert any(each.endswith("sessions were lost") for each in sentences)
    assert any(each.endswith("neither a success nor 503") for each in sentences)


@pytest.mark.usefixtures("_quick")
def test_an_outage_that_nobody_notices_is_seen(service: int) -> None:
    """A drill that reaches nothing would else always pass."""
    done = drilled(service, Drill(DYNAMODB, lambda _: None, 0.6, PLANNED))

    assert done["counts"]["wrong_meanwhile"] > 0


def after(seconds: Callable[[str], float]) -> dict[str, int]:
    """Judge a load of 90 s after an outage. Each kind has one success, and then 503 until these seconds have passed."""
    going, gone, back = 10.0, 11.0, 20.0
    work = Load("http://127.0.0.1", "ada", "x")
    for kind in (REFRESH, LOGIN, CALL):
        for begin in (
            *range(10),
            *(gone + 1 + number for number in range(8)),
            *(back + number for number in range(90)),
        ):
            meanwhile = gone < begin < back and kind != CALL
            failed = meanwhile or back < begin < back + seconds(kind)
            status = UNAVAILABLE if failed else OK
            work.seen.append(Seen(kind, begin, begin + 0.1, status, "1" if failed else ""))
    drill = Drill(DYNAMODB, Relay.refuse, 8, PLANNED)
    counts: dict[str, int] = drills.judged(work, drill, drills.Times(going, gone, back, back))["counts"]
    return counts


def test_a_recovery_may_take_five_seconds() -> None:
    """A function that holds a dead connection fails once more."""
    assert drills.broken(Figures({"drill": after(lambda _: 4)})) == []


def test_a_service_that_stays_away_after_one_success_is_seen() -> None:
    """What fails after the bound is no recovery, however late the last failure is."""
    counts = after(lambda _: 87)

    sentence = f"drill: {counts['wrong_otherwise']} {drills.PROMISES['wrong_otherwise']}"
    assert drills.broken(Figures({"drill": counts})) == [sentence]
    assert counts["wrong_otherwise"] == 3 * 82


def test_one_kind_that_recovers_late_is_seen() -> None:
    """The others do not hide it."""
    counts = after(lambda kind: 7 if kind == LOGIN else 0)

    assert counts["wrong_otherwise"] == 2


def test_each_promise_can_be_broken() -> None:
    """A promise that no figure can break is none."""
    kept = dict.fromkeys(drills.PROMISES, 0)

    assert drills.broken(Figures({"drill": kept})) == []
    for name, sentence in drills.PROMISES.items():
        assert drills.broken(Figures({"drill": {**kept, name: 2}})) == [f"drill: 2 {sentence}"]

"""The drills of outages: the relay, a drill on a small API, and that a drill can fail."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from http.server import BaseHTTPRequestHandler
from types import SimpleNamespace
from typing import Any

import pytest

from proof.frame.results import Figures
from proof.outages import drills, load
from proof.outages.drills import DYNAMODB, GOES_ON, ISSUER, OK, UNAVAILABLE_ONLY, WITHOUT_ISSUER, Drill
from proof.outages.load import CALL, LOGIN, NEXT_KEY, REFRESH, UNAVAILABLE, Load, Seen
from proof.outages.relay import Relay, relay
from tests.support.loopback import on_loopback

PLANNED = {REFRESH: UNAVAILABLE_ONLY, LOGIN: UNAVAILABLE_ONLY, CALL: GOES_ON}
NO_ISSUER = Drill(ISSUER, Relay.refuse, 0.6, WITHOUT_ISSUER)


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


def is_there(port: int) -> bool:
    """Return whether the service answers."""
    try:
        with closing(connected(port)) as connection:
            return asked(connection) == b"x"
    except OSError:
        return False


class Keys:
    """The keys of a small API. An access token is the name of the key that signs, and the API knows the first one."""

    def __init__(self) -> None:
        """Begin with the first key."""
        self.signing, self.known = "first", {"first"}
        self.ring = SimpleNamespace(signing=[SimpleNamespace(key=SimpleNamespace(kid="second"))])

    def put_back(self) -> AbstractContextManager[None]:
        """Change nothing: each drill has keys of its own."""
        return nullcontext()

    def deployed_kids(self) -> set[str]:
        """Return the keys that the API knows."""
        return self.known

    def bring_forward(self) -> None:
        """Change nothing: the second key signs soon."""

    def let_the_next_key_sign(self) -> None:
        """Sign with the second key from now on."""
        self.signing = "second"


Decide = Callable[[str, str], int]
"""Returns the status of a request by its method, and by the key of its access token if it has one."""


def tokens_need(port: int, *, refuses_with: int = 503) -> Decide:
    """Let refreshes and logins need the service behind a relay, and the protected route nothing."""
    return lambda method, _key: 200 if method == "GET" or is_there(port) else refuses_with


def unknown_keys_need(port: int, keys: Keys) -> Decide:
    """Let the protected route need the service for a key that it does not know yet, and nothing else."""

    def decide(method: str, key: str) -> int:
        if method == "GET" and key not in keys.known and is_there(port):
            keys.known.add(key)
        return 200 if method != "GET" or key in keys.known else 401

    return decide


@contextmanager
def api(decide: Decide, keys: Keys) -> Iterator[str]:
    """Serve an API, and yield its address."""

    class Api(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer()

        def answer(self) -> None:
            status = decide(self.command, self.headers.get("Authorization", "").removeprefix("Bearer "))
            body = json.dumps({"access_token": keys.signing, "refresh_token": "r"}).encode()
            self.send_response(status)
            if status == 503:
                self.send_header("Retry-After", "1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with on_loopback(Api) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the drill take little time."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(drills, "STEADY_SECONDS", 0.1)
    monkeypatch.setattr(drills, "SHORT_SECONDS", 0.1)
    monkeypatch.setattr(drills, "RECOVERY_SECONDS", 0.5)
    monkeypatch.setattr(drills, "UNKNOWN_KEY_FETCH_SECONDS", 0)
    monkeypatch.setattr(load, "PAUSES_SECONDS", dict.fromkeys((REFRESH, LOGIN, CALL, NEXT_KEY), 0.02))


def drilled(between: Relay, drill: Drill, decide: Decide, keys: Any) -> dict[str, Any]:  # noqa: ANN401 - as KeyTimes
    """Do a drill on a small API."""
    with api(decide, keys) as address:
        user = SimpleNamespace(name="ada", password="x")
        stack: Any = SimpleNamespace(settings=SimpleNamespace(base_url=address), user=user, clients=None)
        return drills.drilled(drills.Place(stack, {}, {drill.gone: between}, keys), drill)


@pytest.fixture
def between(service: int) -> Iterator[Relay]:
    """Yield a relay in front of the service."""
    with relay(service) as running:
        yield running


@pytest.mark.usefixtures("_quick")
def test_a_drill_sees_what_goes_on_and_what_does_not(between: Relay) -> None:
    """During the outage tokens answer 503 and the protected route 200; afterwards all is as before."""
    done = drilled(between, Drill(DYNAMODB, Relay.refuse, 0.6, PLANNED), tokens_need(between.port), Keys())

    assert drills.broken(Figures({"drill": done["counts"]})) == []
    assert done["measured"]["meanwhile"].keys() == {f"{REFRESH}, 503", f"{LOGIN}, 503", f"{CALL}, 200"}


@pytest.mark.usefixtures("_quick")
def test_a_session_that_an_outage_ends_is_seen(between: Relay) -> None:
    """DC-3: an API that answers an outage with invalid_grant logs its users out."""
    decide = tokens_need(between.port, refuses_with=400)

    done = drilled(between, Drill(DYNAMODB, Relay.refuse, 0.6, PLANNED), decide, Keys())

    sentences = drills.broken(Figures({"drill": done["counts"]}))
    assert any(each.endswith("sessions were lost") for each in sentences)
    assert any(each.endswith("nor a planned refusal") for each in sentences)


@pytest.mark.usefixtures("_quick")
def test_an_outage_that_nobody_notices_is_seen(between: Relay) -> None:
    """A drill that reaches nothing would else always pass."""
    done = drilled(between, Drill(DYNAMODB, lambda _: None, 0.6, PLANNED), tokens_need(between.port), Keys())

    assert done["counts"]["wrong_meanwhile"] > 0


@pytest.mark.usefixtures("_quick")
def test_a_next_key_is_refused_until_the_issuer_is_back(between: Relay) -> None:
    """Z13: the authorizer asks for a key that it does not have, and tokens of a known key go on meanwhile."""
    keys = Keys()

    done = drilled(between, NO_ISSUER, unknown_keys_need(between.port, keys), keys)

    assert drills.broken(Figures({"drill": done["counts"]})) == []
    assert {f"{CALL}, 200", f"{NEXT_KEY}, 401"} <= done["measured"]["meanwhile"].keys()


@pytest.mark.usefixtures("_quick")
def test_an_issuer_that_nobody_asks_is_seen(between: Relay) -> None:
    """If the authorizer has the next key, a drill of the issuer shows nothing."""
    done = drilled(between, NO_ISSUER, lambda *_: 200, Keys())

    assert done["counts"]["wrong_meanwhile"] > 0


@pytest.mark.usefixtures("_quick")
def test_an_issuer_that_is_never_asked_again_is_seen(between: Relay, monkeypatch: pytest.MonkeyPatch) -> None:
    """A token of the next key has to be accepted in the end, without a new start of the authorizer."""
    monkeypatch.setattr(drills, "PATIENCE_SECONDS", 1.0)

    with pytest.raises(RuntimeError, match="not all kinds"):
        drilled(between, NO_ISSUER, lambda _, key: 401 if key == "second" else 200, Keys())


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

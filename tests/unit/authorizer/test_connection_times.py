"""The connections of the authorizers' client, without a network: what each step may take, and when they are closed."""

import socket
import ssl
from dataclasses import dataclass, field

import pytest

from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signature import Credentials
from edge_auth.authorizer.signed_requests import IDLE_SECONDS, SignedRequests, Store, Timeouts
from edge_auth.authorizer.two_clocks import Clocks

TIMES = Timeouts(connect=8.0, read=16.0, kept=4.0)
GOOD = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
LAST = GOOD.replace(b"Content", b"Connection: close\r\nContent")
STEP_SECONDS = 1.0


@dataclass
class Machine:
    """A machine whose clock goes on by a second with each step of a connection."""

    answers: list[bytes]
    step_seconds: float = STEP_SECONDS
    now: float = 100.0
    fails_at: str = ""
    said: list[object] = field(default_factory=list)

    def step(self, name: str, *what: object) -> None:
        """Record a step. It fails if the test says so."""
        self.said.append((name, *what))
        self.now += self.step_seconds
        if name == self.fails_at:
            raise OSError

    def client(self, *, is_tls: bool = False) -> SignedRequests:
        """Return the client of a store."""
        credentials = Credentials("id", "secret", "")
        store = Store("ended", "eu-central-1", credentials, is_tls, "127.0.0.1", 8000, None)
        return SignedRequests(store, clocks=Clocks(lambda: self.now, lambda: self.now), timeouts=TIMES)

    def of(self, *names: str) -> list[object]:
        """Return the steps of these names."""
        return [step for step in self.said if isinstance(step, tuple) and step[0] in names]


class Connection:
    """A socket, with or without TLS, that does nothing."""

    def __init__(self, machine: Machine) -> None:
        """Belong to this machine."""
        self._machine = machine

    def settimeout(self, seconds: float) -> None:
        """Record the time."""
        self._machine.said.append(("timeout", seconds))

    def setsockopt(self, *option: int) -> None:
        """Record the option."""
        self._machine.said.append(("option", *option))

    def sendall(self, _data: bytes) -> None:
        """Take a step."""
        self._machine.step("send")

    def recv(self, _size: int) -> bytes:
        """Take a step, and return a whole answer."""
        self._machine.step("receive")
        return self._machine.answers.pop(0)

    def close(self) -> None:
        """Record it."""
        self._machine.said.append(("close",))

    def wrap_socket(self, _connection: "Connection", *, server_hostname: bytes) -> "Connection":
        """Stand for the context of TLS as well."""
        self._machine.step("handshake", server_hostname)
        return self


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Return a machine with two good answers."""
    machine = Machine([GOOD, GOOD])

    def connect(_address: object, seconds: float) -> Connection:
        machine.said.append(("timeout", seconds))
        machine.step("connect")
        return Connection(machine)

    monkeypatch.setattr(socket, "create_connection", connect)
    monkeypatch.setattr(ssl, "create_default_context", lambda cafile: Connection(machine))  # noqa: ARG005 - by name
    return machine


def test_each_step_of_a_call_may_take_what_is_left_of_its_time(machine: Machine) -> None:
    """The handshake has what the connection left, and the answer what the request left."""
    client = machine.client(is_tls=True)
    client.call("Query", {})

    assert machine.of("timeout", "connect", "handshake", "send", "receive") == [
        ("timeout", 8.0),
        ("connect",),
        ("timeout", 7.0),
        ("handshake", b"127.0.0.1"),
        ("timeout", 16.0),
        ("send",),
        ("timeout", 15.0),
        ("receive",),
    ]
    machine.said.clear()
    client.call("Query", {})
    assert machine.of("timeout") == [("timeout", 4.0), ("timeout", 3.0)]


def dead_addresses(machine: Machine, monkeypatch: pytest.MonkeyPatch, *, dead: int, good: int) -> None:
    """Give the store so many addresses that never answer, and then so many that do."""
    names = [f"192.0.2.{number}" for number in range(dead)] + [f"198.51.100.{number}" for number in range(good)]
    connect = socket.create_connection

    def reach(address: tuple[bytes, int], seconds: float) -> socket.socket:
        if address[0].startswith(b"198"):
            return connect(address, seconds)  # type: ignore[arg-type]  # bytes, as the client has them
        machine.said.append(("timeout", seconds))
        machine.now += seconds
        raise TimeoutError

    def resolved(_host: bytes, port: int, **_type: int) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (name, port)) for name in names]

    monkeypatch.setattr(socket, "create_connection", reach)
    monkeypatch.setattr(socket, "getaddrinfo", resolved)


def test_an_address_that_does_not_answer_leaves_time_for_the_next_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F40: each address may take half of the time that is left, and the last one all of it."""
    dead_addresses(machine, monkeypatch, dead=1, good=1)
    machine.client(is_tls=True).call("Query", {})

    assert machine.of("timeout", "connect", "handshake")[:5] == [
        ("timeout", 4.0),
        ("timeout", 4.0),
        ("connect",),
        ("timeout", 3.0),
        ("handshake", b"127.0.0.1"),
    ]


def test_many_addresses_that_do_not_answer_take_no_more_time_than_one(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F40: a call has its time, however many addresses the name has."""
    dead_addresses(machine, monkeypatch, dead=8, good=0)
    began = machine.now

    with pytest.raises(RequestFailed, match=r"^TimeoutError$"):
        machine.client(is_tls=True).call("Query", {})
    assert machine.of("timeout") == [
        ("timeout", seconds) for seconds in (4.0, 2.0, 1.0, 0.5, 0.25, 0.125, 0.0625, 0.0625)
    ]
    assert machine.now - began == TIMES.connect


def test_a_step_for_which_no_time_is_left_is_not_begun(machine: Machine) -> None:
    """A timeout of zero would mean to Python that a socket does not wait, which is another error."""
    machine.step_seconds = TIMES.read

    with pytest.raises(RequestFailed, match=r"^TimeoutError$"):
        machine.client().call("Query", {})
    assert machine.of("send", "receive", "close") == [("send",), ("close",)]


def test_small_packets_are_sent_at_once(machine: Machine) -> None:
    """A request waits for no acknowledgement of the one before."""
    machine.client().call("Query", {})

    assert machine.of("option") == [("option", socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)]


@pytest.mark.parametrize(("seconds", "connections"), [(IDLE_SECONDS, 1), (IDLE_SECONDS + 0.5, 2)])
def test_a_connection_is_tried_until_it_was_idle_for_so_long(
    machine: Machine, seconds: float, connections: int
) -> None:
    """An older one is closed before another is opened."""
    client = machine.client()
    client.call("Query", {})
    machine.now += seconds
    client.call("Query", {})

    assert len(machine.of("connect")) == connections
    assert len(machine.of("close")) == connections - 1


@pytest.mark.parametrize("fails_at", ["handshake", "send", "receive"])
def test_a_connection_that_fails_is_closed(machine: Machine, fails_at: str) -> None:
    """A sandbox has few sockets."""
    machine.fails_at = fails_at

    with pytest.raises(RequestFailed):
        machine.client(is_tls=True).call("Query", {})
    assert machine.of("close") == [("close",)]


def test_a_connection_that_the_other_side_ends_is_closed(machine: Machine) -> None:
    """RFC 9112 §9.6."""
    machine.answers = [LAST, GOOD]
    client = machine.client()
    client.call("Query", {})
    assert machine.of("close") == [("close",)]

    client.call("Query", {})
    assert len(machine.of("connect")) == 2

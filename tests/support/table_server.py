"""A server on this machine that stands where DynamoDB does, and answers rightly, wrongly, slowly or not at all."""

import json
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SHUT_RDWR, create_server, socket
from threading import Event, Thread
from types import TracebackType
from typing import Any, Self

from edge_auth.authorizer.signature import Credentials
from edge_auth.authorizer.signed_requests import SignedRequests, Store

CREDENTIALS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "")
DATE = "Thu, 26 Nov 2026 11:20:47 GMT"
DATE_SECONDS = 1_795_692_047


@dataclass(frozen=True)
class Request:
    """A request as it came."""

    headers: dict[str, str]
    body: bytes

    @property
    def parameters(self) -> dict[str, Any]:
        """The parsed body."""
        parameters: dict[str, Any] = json.loads(self.body)
        return parameters


Behaviour = Callable[[socket, Request, Event], bool]
"""Answers a request. Returns whether the connection takes another one."""


@dataclass
class TableServer:
    """Listens on any port. `behaviour` may be changed at any time."""

    behaviour: Behaviour
    context: ssl.SSLContext | None = None
    connections: int = 0
    requests: list[Request] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen."""
        self._listener = create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._over = Event()
        self._open: list[socket] = []
        self._threads = [Thread(target=self._listen)]

    @property
    def store(self) -> Store:
        """The store that this server is."""
        return Store("ended", "eu-central-1", CREDENTIALS, self.context is not None, "127.0.0.1", self.port, None)

    def hang_up(self) -> None:
        """Close all connections, as a server does after some idle time."""
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(SHUT_RDWR)

    def __enter__(self) -> Self:
        """Start."""
        self._threads[0].start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """End every connection."""
        self._over.set()
        self._listener.shutdown(SHUT_RDWR)
        self._listener.close()
        self.hang_up()
        for thread in self._threads:
            thread.join(30)

    def _listen(self) -> None:
        while not self._over.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            thread = Thread(target=self._serve, args=(connection,))
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket) -> None:
        connection.settimeout(30)
        with connection, suppress(OSError):  # the other side closed the connection
            if self.context is None:
                self._answer(connection)
                return
            with self.context.wrap_socket(connection, server_side=True) as wrapped:
                self._open.append(wrapped)
                self._answer(wrapped)

    def _answer(self, connection: socket) -> None:
        while (request := _request(connection)) is not None:
            self.requests.append(request)
            if not self.behaviour(connection, request, self._over):
                return


def _request(connection: socket) -> Request | None:
    received = b""
    while b"\r\n\r\n" not in received:
        chunk = connection.recv(65_536)
        if not chunk:
            return None
        received += chunk
    head, _, body = received.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    while len(body) < int(headers["content-length"]):
        body += connection.recv(65_536)
    return Request(headers, body)


def answer(body: bytes | str, status: str = "200 OK", headers: str = f"Date: {DATE}\r\n") -> bytes:
    """Return a whole answer."""
    data = body if isinstance(body, bytes) else body.encode()
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(data)}\r\n{headers}\r\n".encode() + data


def says(*parts: bytes, then_closes: bool = False) -> Behaviour:
    """Return a behaviour that sends these bytes."""

    def behaviour(connection: socket, _request: Request, _over: Event) -> bool:
        for part in parts:
            connection.sendall(part)
        return not then_closes

    return behaviour


def items(*found: Mapping[str, object], headers: str = f"Date: {DATE}\r\n") -> Behaviour:
    """Return a behaviour that answers a Query with these items."""
    return says(answer(json.dumps({"Items": found, "Count": len(found)}), headers=headers))


def refusal(code: str, status: str = "400 Bad Request") -> Behaviour:
    """Return a behaviour that answers with an error of DynamoDB."""
    return says(answer(json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}"}), status))


def silence(first: bytes = b"") -> Behaviour:
    """Return a behaviour that sends some bytes and then is silent."""

    def behaviour(connection: socket, _request: Request, over: Event) -> bool:
        connection.sendall(first)
        over.wait(30)
        return False

    return behaviour


def drip(first: bytes, then: bytes) -> Behaviour:
    """Return a behaviour that sends some bytes, and then others without end, fast enough for each read."""

    def behaviour(connection: socket, _request: Request, over: Event) -> bool:
        connection.sendall(first)
        while not over.wait(0.01):
            connection.sendall(then)
        return False

    return behaviour


def reset(connection: socket, _request: Request, _over: Event) -> bool:
    """Close the connection without an answer."""
    connection.shutdown(SHUT_RDWR)
    return False


def close(client: SignedRequests) -> None:
    """Close the connection that a client keeps. A function keeps it until Lambda ends it."""
    if client._kept is not None:
        client._kept[0].close()

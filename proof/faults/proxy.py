"""A TCP proxy on loopback between a client of AWS and its engine, which loses some exchanges in one of several ways."""

import http.client
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from threading import Lock, Thread
from typing import BinaryIO, NamedTuple

PASSES, BEFORE, AFTER = "passes", "reset before", "reset after"
SILENT_BEFORE, SILENT_AFTER, PARTIAL = "half-open before", "half-open after", "partial answer"
APPLIED = (AFTER, SILENT_AFTER, PARTIAL)
"""The ways in which the engine has served the request, and the client does not know."""

_HEAD_END = b"\r\n\r\n"
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a close sends RST and forgets what was not sent
_HOP_HEADERS = ("connection", "transfer-encoding", "content-length")


class _Request(NamedTuple):
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Proxy:
    """Passes HTTP/1.1 on. `draw` says of each exchange what happens to it. `drawn` counts that."""

    def __init__(self, port: int, draw: Callable[[], str]) -> None:
        """Pass on to this port of this machine."""
        self.drawn: Counter[str] = Counter()
        self._engine_port = port
        self._draw = draw
        self._lock = Lock()
        self._server = socket.create_server(("127.0.0.1", 0))
        self._open: set[socket.socket] = set()

    @property
    def port(self) -> int:
        """The port on which it listens."""
        port: int = self._server.getsockname()[1]
        return port

    def close(self) -> None:
        """Close all connections."""
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._server.close()
        with self._lock:
            for connection in self._open:
                connection.close()

    def accept(self) -> None:
        """Serve each connection in a thread of its own, until the proxy is closed."""
        while True:
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            with self._lock:
                self._open.add(connection)
            Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        engine = http.client.HTTPConnection("127.0.0.1", self._engine_port)
        with ExitStack() as stack:
            stack.callback(engine.close)
            stack.enter_context(suppress(OSError, http.client.HTTPException))
            sent = connection.makefile("rb")
            while (request := _read(sent)) is not None:
                if not self._exchange(connection, engine, request):
                    return  # a silent connection stays open until the proxy is closed
            connection.close()

    def _exchange(self, connection: socket.socket, engine: http.client.HTTPConnection, request: _Request) -> bool:
        """Serve one request. Return whether the connection goes on."""
        with self._lock:  # a function may make two requests at the same time
            fate = self._draw()
            self.drawn[fate] += 1
        if fate == BEFORE:
            _reset(connection)
        if fate in (BEFORE, SILENT_BEFORE):
            return False
        engine.request(request.method, request.path, request.body, request.headers)
        answer = _written(engine.getresponse())
        if fate == PASSES:
            connection.sendall(answer)
            return True
        if fate == PARTIAL:
            body = answer.index(_HEAD_END) + len(_HEAD_END)
            connection.sendall(answer[: (body + len(answer)) // 2])
            connection.shutdown(socket.SHUT_RDWR)
        if fate == AFTER:
            _reset(connection)
        return False


@contextmanager
def lossy(port: int, draw: Callable[[], str]) -> Iterator[Proxy]:
    """Run a proxy in front of a port of this machine."""
    proxy = Proxy(port, draw)
    thread = Thread(target=proxy.accept, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join()


def _read(sent: BinaryIO) -> _Request | None:
    """Read a request. None means that the client has closed the connection."""
    first = sent.readline()
    if not first:
        return None
    method, path, _version = first.decode("ascii").split()
    headers: dict[str, str] = {}
    while (line := sent.readline().decode("latin-1").strip()) != "":
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    kept = {name: value for name, value in headers.items() if name not in _HOP_HEADERS}
    return _Request(method, path, kept, sent.read(length))


def _written(answer: http.client.HTTPResponse) -> bytes:
    body = answer.read()
    headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in _HOP_HEADERS]
    lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in headers)]
    head = "\r\n".join([*lines, f"Content-Length: {len(body)}"]).encode("latin-1")
    return head + _HEAD_END + body


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    connection.close()

"""A TCP relay on loopback in front of a service. A drill makes the service refuse, or fall silent, and return."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import Lock, Thread

CHUNK_BYTES = 65_536


class Relay:
    """Passes each connection on from one port of this machine to another, `leads_to`, which may change."""

    def __init__(self, leads_to: int) -> None:
        """Listen on a free port."""
        self.leads_to = leads_to
        self._lock = Lock()
        self._open: set[socket.socket] = set()
        self._is_silent = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._accepting = self._start()

    def refuse(self) -> None:
        """End all connections, and refuse new ones."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._listener.close()
        self._accepting.join()
        self._end_all()

    def fall_silent(self) -> None:
        """Accept connections and requests, and answer nothing. What was open is silent too."""
        self._is_silent = True

    def restore(self) -> None:
        """Pass everything on again. What was silent ends."""
        if self._is_silent:
            self._is_silent = False
            self._end_all()
        if not self._accepting.is_alive():
            self._listener = socket.create_server(("127.0.0.1", self.port))
            self._accepting = self._start()

    def _start(self) -> Thread:
        thread = Thread(target=self._accept, args=(self._listener,), daemon=True)
        thread.start()
        return thread

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with suppress(OSError):
                service = socket.create_connection(("127.0.0.1", self.leads_to))
                with self._lock:
                    self._open |= {client, service}
                for source, target in ((client, service), (service, client)):
                    Thread(target=self._copy, args=(source, target), daemon=True).start()

    def _copy(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while chunk := source.recv(CHUNK_BYTES):
                if not self._is_silent:
                    target.sendall(chunk)
        with self._lock:
            self._open -= {source, target}
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _end_all(self) -> None:
        with self._lock:
            ends, self._open = self._open, set()
        for end in ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()


@contextmanager
def relay(leads_to: int) -> Iterator[Relay]:
    """Run a relay until the block ends."""
    running = Relay(leads_to)
    try:
        yield running
    finally:
        running.refuse()

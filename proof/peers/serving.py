"""Servers of WSGI applications: in a thread, or in processes that share a port, as instances of a function do."""

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from tests.support.served import served

Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
QUEUE = 512  # connections that wait: more than any scenario opens


class _Silent(WSGIRequestHandler):
    def log_request(self, *_arguments: object) -> None:
        """Log no request: there are many."""


def listening(port: int = 0) -> socket.socket:
    """Return a socket that listens on a port of loopback."""
    return socket.create_server(("127.0.0.1", port), backlog=QUEUE)


def _server(listener: socket.socket, application: Application, *, threaded: bool = False) -> BaseWSGIServer:
    host, port = listener.getsockname()
    return make_server(host, port, application, threaded=threaded, fd=listener.fileno(), request_handler=_Silent)


@contextmanager
def in_thread(application: Application, *, threaded: bool = False) -> Iterator[int]:
    """Serve in a thread, one request at a time unless `threaded`. Yields the port."""
    with listening() as listener, served(_server(listener, application, threaded=threaded)) as port:
        yield port


def in_processes(
    listener: socket.socket, count: int, application: Callable[[], AbstractContextManager[Application]]
) -> None:
    """Serve in so many new processes, each with an application of its own, until they are ended from outside."""
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            with application() as served:
                _server(listener, served).serve_forever()
        children.append(child)
    for child in children:
        os.waitpid(child, 0)

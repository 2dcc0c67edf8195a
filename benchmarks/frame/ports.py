"""Ports of this machine's loopback."""

import socket
import time
from contextlib import ExitStack, suppress

from local.process import Process


def free_ports(count: int) -> list[int]:
    """Return `count` different ports on which nothing listens."""
    with ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(count)]
        for probe in sockets:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in sockets]


def wait_until_open(port: int, process: Process, *, seconds: float) -> None:
    """Return once the process listens on the port. Raises RuntimeError: it has ended, or is too slow."""
    deadline = time.monotonic() + seconds
    while process.running and time.monotonic() < deadline:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=seconds):
            return
        time.sleep(0.002)
    raise RuntimeError(f"nothing listens on port {port}:\n{process.tail()}")

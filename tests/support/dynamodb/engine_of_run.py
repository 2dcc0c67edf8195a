"""One DynamoDB engine for a run of the tests. The first test that needs it starts it, and it ends with the run.

The process that leads the run owns the engine. It listens at a socket in a folder of its own, where its workers ask for
the address of the engine.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Client, Listener
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import pytest

from local import dynamodb
from local.failure import Failure

# Names an engine that runs already, for example another DynamoDB Local.
ENDPOINT_VARIABLE = "EDGE_AUTH_DYNAMODB_ENDPOINT"
SOCKET_VARIABLE = "EDGE_AUTH_ENGINE_OF_RUN"
START, END = b"start", b"end"
MISSING = f"no DynamoDB engine: {dynamodb.HOW_TO_GET_IT}, or {ENDPOINT_VARIABLE} names one that runs"


class EngineOfRun:
    """Starts the engine when it is first asked for it. `end` ends it."""

    def __init__(self) -> None:
        self._folder = TemporaryDirectory(prefix="edge-auth-engine-")
        self.socket = str(Path(self._folder.name) / "socket")
        self._listener = Listener(self.socket, "AF_UNIX", backlog=64)
        self._thread = Thread(target=self._answer, daemon=True)
        self._thread.start()

    def end(self) -> None:
        """End the engine, if it runs."""
        with Client(self.socket, "AF_UNIX") as asking:
            asking.send_bytes(END)
        self._thread.join()
        self._listener.close()
        self._folder.cleanup()

    def _answer(self) -> None:
        answer = {"endpoint": ""}
        with ExitStack() as stack:
            while True:
                with self._listener.accept() as asking:
                    if asking.recv_bytes() == END:
                        return
                    if not answer["endpoint"]:
                        answer = self._started(stack)
                    asking.send_bytes(json.dumps(answer).encode())

    def _started(self, stack: ExitStack) -> dict[str, str]:
        log = Path(self._folder.name) / "engine.log"
        try:
            engine = stack.enter_context(dynamodb.running(log=log, environment=os.environ))
        except Failure as failure:
            return {"endpoint": "", "failure": str(failure)}
        return {"endpoint": engine.endpoint}


def endpoint() -> str:
    """Return the address of a real engine, and start the one of this run if no other is named. Raises Failure."""
    if ENDPOINT_VARIABLE not in os.environ:
        with Client(os.environ[SOCKET_VARIABLE], "AF_UNIX") as asking:
            asking.send_bytes(START)
            answer: dict[str, str] = json.loads(asking.recv_bytes())
        if not answer["endpoint"]:
            raise Failure(answer["failure"])
        os.environ[ENDPOINT_VARIABLE] = answer["endpoint"]
    return os.environ[ENDPOINT_VARIABLE]


def is_available() -> bool:
    """Return whether the tests of this run can use an engine."""
    return ENDPOINT_VARIABLE in os.environ or dynamodb.is_installed()


@contextmanager
def offered() -> Iterator[None]:
    """Be ready to start an engine until the block ends, unless one is named or offered already."""
    if ENDPOINT_VARIABLE in os.environ or SOCKET_VARIABLE in os.environ:
        yield
        return
    engine = EngineOfRun()
    os.environ[SOCKET_VARIABLE] = engine.socket
    try:
        yield
    finally:
        for variable in (SOCKET_VARIABLE, ENDPOINT_VARIABLE):
            os.environ.pop(variable, None)
        engine.end()


def pytest_configure(config: pytest.Config) -> None:
    """Offer an engine, in the process that leads the run. Its workers inherit the variable."""
    if not hasattr(config, "workerinput") and dynamodb.is_installed():
        stack = ExitStack()
        stack.enter_context(offered())
        config.add_cleanup(stack.close)


# For tests that run on a real engine only.
needs_engine = pytest.mark.skipif(not is_available(), reason=MISSING)

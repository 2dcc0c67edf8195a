"""The functions in this process, with the template's variables. They start cold, and a `Wire` counts their requests."""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TextIO
from unittest.mock import patch

from botocore.session import Session

from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.wire import Wire
from tests.support import cold_start

# The part of Lambda's context that the functions read.
CONTEXT = SimpleNamespace(aws_request_id="00000000-0000-4000-8000-000000000000")


@dataclass
class Function:
    """A started function. `milliseconds` is the time of its last call, `cpu_milliseconds` that of all processors."""

    handler: Callable[[object, object], Any]
    milliseconds: float = 0.0
    cpu_milliseconds: float = 0.0

    def answer(self, event: object) -> Any:  # noqa: ANN401 - any JSON value
        """Return the answer to an event."""
        begin, cpu_begin = time.perf_counter(), time.process_time()
        answer = self.handler(event, CONTEXT)
        self.milliseconds = (time.perf_counter() - begin) * 1000
        self.cpu_milliseconds = (time.process_time() - cpu_begin) * 1000
        return answer

    def __call__(self, event: object, status: int = 200) -> dict[str, Any]:
        """Return the parsed body of the answer. Raises RuntimeError: the answer has another status."""
        return events.succeeded(self.answer(event), status)


@dataclass(frozen=True)
class Functions:
    """Starts the functions of a deployment."""

    deployment: Deployment
    wire: Wire
    log: TextIO

    def start(self, name: str, parameters: Mapping[str, str] | None = None) -> Function:
        """Start a function as in a cold start. `parameters` replace the template's defaults."""
        environment = self.deployment.environment(name, parameters or {})
        return Function(cold_start.load(name, environment, self.log).handler)

    def access_token(self, parameters: Mapping[str, str] | None = None) -> str:
        """Let a new user log in, and return the access token."""
        username, _ = self.deployment.new_user()
        return str(self.start("login", parameters)(events.login(username))["access_token"])


@contextmanager
def running(deployment: Deployment, log: TextIO | None = None) -> Iterator[Functions]:
    """Let the functions of a deployment run in this process, with a new SDK session on a new `Wire`.

    The functions write their log, as they do when deployed. Without `log` it is discarded.
    """
    session, wire = Session(), Wire(deployment.secrets)
    wire.watch(session)
    with (
        Path(os.devnull).open("w", encoding="utf-8") as nowhere,
        patch.dict(os.environ, deployment.aws_environment()),
        patch("edge_auth.adapters.aws.sdk_session", lambda: session),
    ):
        yield Functions(deployment, wire, log or nowhere)

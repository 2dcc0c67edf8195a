"""edge-auth as a peer: the real handlers behind HTTP, with DynamoDB Local in several processes, or with moto in one.

Each process is one instance of each function and serves one request at a time, as in Lambda. API Gateway's part is
`tests.support.http_gateway`. `python -m proof.peers.edge_auth PORT CLOCK ENDPOINT` runs the processes.
"""

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from moto import mock_aws
from werkzeug.wrappers import Request

from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.functions import CONTEXT, Functions, running
from edge_auth.authorizer.signed_requests import CallTable
from edge_auth.authorizer.two_clocks import Clocks
from proof.peers.peer import FileClock, MovedClock, Session, Tokens, name_of
from proof.peers.serving import Application, in_processes, in_thread, listening
from tests.support import cold_start
from tests.support.authorizer_store import table_calls
from tests.support.http_gateway import HttpGateway
from tests.support.people import PASSWORD
from tests.support.sample_events import STAGE, Event
from tests.support.stack import Answer, Function

PROCESSES = 6
ACCESS_SECONDS = 900  # the template's default


class EdgeAuth(Session):
    """A client without cookies: both tokens are in bodies."""

    def login(self) -> Tokens:
        """Sign in with the password."""
        return self._tokens("login", {"username": self.user, "password": PASSWORD})

    def refresh(self, refresh: str) -> Tokens:
        """Refresh."""
        return self._tokens("refresh", {"refresh_token": refresh})

    def call(self, access: str) -> None:
        """Call the example's route behind the authorizer."""
        self.client.granted("GET", f"/{STAGE}/me", headers={"Authorization": f"Bearer {access}"})

    def logout(self, tokens: Tokens) -> None:
        """End the session."""
        self.client.granted("POST", f"/{STAGE}/auth/logout", document={"refresh_token": tokens.refresh})

    def _tokens(self, route: str, document: Mapping[str, str]) -> Tokens:
        answer = self.client.granted("POST", f"/{STAGE}/auth/{route}", document=document).json
        return Tokens(answer["refresh_token"], answer["access_token"])


@dataclass
class _Instances:
    """What the gateway needs of a stack: the functions of a deployment, with the clock that the scenario moves."""

    functions: Functions
    clock: FileClock
    parameters: dict[str, str] = field(default_factory=dict)

    def module(self, function: str) -> ModuleType:
        """Start a function, as in a cold start."""
        environment = self.functions.deployment.environment(function, {})
        module = cold_start.load(function, environment, self.functions.log)
        if function.endswith("authorizer"):
            vars(module)["time"] = self.clock
        if function == "authorizer":
            module.ended._read = partial(module.read_feed, self._feed(module.store.table))
            module.ended._clocks = Clocks(self.clock.time, self.clock.time)
            module.ended._run = lambda act, _seconds: act()
        return module

    def _feed(self, table: str) -> CallTable:
        """Return the SDK in the place of the authorizer's own client, which trusts AWS's certificates only."""

        def call(operation: str, parameters: Mapping[str, Any]) -> Any:  # noqa: ANN401 - as in CallTable
            client = self.functions.deployment.client
            return table_calls(client, table, now_seconds=int(self.clock.time()))(operation, parameters)

        return call

    def function(self, function: str) -> Function:
        """Start a function that answers proxy events."""
        handler = self.module(function).handler

        def invoke(event: object) -> Answer:
            response = handler(event, CONTEXT)
            cookies = tuple(response.get("multiValueHeaders", {}).get("Set-Cookie", ()))
            return Answer(response["statusCode"], response["headers"], response["body"], cookies)

        return invoke


class _Gateway(HttpGateway):
    """API Gateway, which tells the functions the address of each client. All are on this machine: a header has it."""

    def event(self, request: Request, resource: str, path_parameters: dict[str, str]) -> Event:
        """Return the event of a request."""
        event = super().event(request, resource, path_parameters)
        event["requestContext"]["identity"]["sourceIp"] = request.headers["X-Forwarded-For"]
        return event


@contextmanager
def application(deployment: Deployment, clock: FileClock) -> Iterator[Application]:
    """Yield the API of a deployment, which serves one request at a time."""
    with patch("edge_auth.clock.time", clock), running(deployment) as functions:
        yield _Gateway(_Instances(functions, clock))


@contextmanager
def on_moto(clock: MovedClock, users: Iterable[int]) -> Iterator[int]:
    """Serve the API in this process, for these users. Yields the port."""
    with mock_aws(), deployed(None) as deployment:
        _add(deployment, users)
        with application(deployment, FileClock(clock.file)) as served, in_thread(served) as port:
            yield port


def _add(deployment: Deployment, users: Iterable[int]) -> None:
    for number in users:
        deployment.add_user(name_of(number))


def main(port: int, clock: Path, endpoint: str, users: int) -> None:
    """Serve the API on a port, with tables at an endpoint of DynamoDB, until the process is ended."""
    with deployed(endpoint) as deployment:
        _add(deployment, range(users))
        copied = Deployment(deployment.endpoint, deployment.ring_json, deployment.tables)  # connects for itself
        in_processes(listening(port), PROCESSES, lambda: application(copied, FileClock(clock)))


if __name__ == "__main__":
    os.environ["AWS_EC2_METADATA_DISABLED"] = "true"
    main(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))

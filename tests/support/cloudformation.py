"""A stand-in for CloudFormation's side of a custom resource, which gets an answer at a presigned address."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from types import ModuleType, SimpleNamespace
from typing import Any

from tests.support.loopback import on_loopback
from tests.support.sample_events import Event
from tests.support.stack import LambdaContext, Stack

MAX_ANSWER_BYTES = 4096  # CloudFormation's own limit

REASON = "The key ring could not be made: "

Told = dict[str, Any]
Resource = Callable[[Event], Told]


@dataclass
class CloudFormation:
    """Keeps the answers that it gets, and responds with `status`. With None it closes the connection."""

    url: str
    status: int | None = 200
    bodies: list[bytes] = field(default_factory=list)
    requests: list[tuple[str, str, str | None]] = field(default_factory=list)
    """For each request: the method, the path with its query, and the content type."""

    def function(self, stack: Stack) -> ModuleType:
        """Load rotate_keys again, in a stack whose AWS is on this machine."""
        return rotate_keys_on_this_machine(stack, self.url.partition("/answers")[0])

    def custom_resource(self, stack: Stack) -> Callable[[Event], Told]:
        """Load rotate_keys again. Return a function that invokes it and returns its answer to CloudFormation."""
        handler = self.function(stack).handler

        def invoke(event: Event) -> Told:
            assert handler({**event, "ResponseURL": self.url}, LambdaContext()) is None
            assert len(self.bodies[-1]) < MAX_ANSWER_BYTES
            stack.output.show(self.bodies[-1])
            told: Told = json.loads(self.bodies[-1])
            return told

        return invoke


@contextmanager
def cloudformation_server() -> Iterator[CloudFormation]:
    """Serve the presigned address on this machine, and yield the answers."""

    class Bucket(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # the name that http.server requires
            told.requests.append((self.command, self.path, self.headers["Content-Type"]))
            told.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            if told.status is None:
                self.close_connection = True
                return
            self.send_response(told.status)
            self.send_header("Content-Length", "0")
            self.send_header("Location", "/elsewhere")  # for redirections
            self.end_headers()

    with on_loopback(Bucket) as port:
        told = CloudFormation(f"http://127.0.0.1:{port}/answers?X-Amz-Signature=abc%2Fdef")
        yield told


@dataclass
class Waits:
    """Time that passes only while the function waits, in seconds."""

    waited: float = 0

    def monotonic(self) -> float:
        """Return the time."""
        return self.waited

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self.waited += seconds


def rotate_keys_on_this_machine(stack: Stack, endpoint: str) -> ModuleType:
    """Load rotate_keys again, with the setting by which the local stack says where its AWS is."""
    module = stack.module("rotate_keys")
    environ = {**vars(module)["os"].environ, "AWS_ENDPOINT_URL": endpoint}
    vars(module).update(os=SimpleNamespace(environ=environ), time=Waits())
    return module


def success(event: Event, data: dict[str, str]) -> Told:
    """Return the answer to a successful request."""
    return {
        "Status": "SUCCESS",
        "Reason": "",
        "PhysicalResourceId": "KeyRing",
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": "KeyRing",
        "Data": data,
    }


def failure(event: Event, detail: str) -> Told:
    """Return the answer to a failed request."""
    return {**success(event, {}), "Status": "FAILED", "Reason": REASON + detail}


def public_keys(stack: Stack) -> dict[str, str]:
    """Return the data of the resource, for `!GetAtt KeyRing.Jwks`."""
    return {"Jwks": json.dumps({"keys": deployed_keys(stack)}, separators=(",", ":"))}


def deployed_keys(stack: Stack) -> list[dict[str, str | int]]:
    """Return the published keys, each with its end. Without a planned end, it is the earliest possible one."""
    days = int(stack.environment("rotate_keys")["KEY_ROTATION_DAYS"])
    end = stack.clock.now_seconds + days * 86_400 + 3600 + 5 + 60 + 30
    return [{"exp": end, **jwk} for jwk in stack.keys.jwks()["keys"]]

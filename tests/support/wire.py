"""The wire between the SDK and AWS. It records the requests, and can make them fail."""

import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import formatdate
from functools import cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from edge_auth.clock import now_ms
from tests.support.recorded_calls import watch

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

Forward = Callable[[], AWSResponse]
THROTTLE_TABLE = "functional-ThrottleTable"
REVOCATIONS_TABLE = "functional-RevocationsTable"
# Requests to these tables have other names, so most tests count only the other tables.
OTHER_NAMES = {THROTTLE_TABLE: ("throttle", "of attempts"), REVOCATIONS_TABLE: ("revocations", "of ends")}
Fault = Callable[[Forward], AWSResponse]
"""Handles one request. It may serve the request with `forward`, before or after a failure, or not at all."""
Serve = Callable[[str, "AWSPreparedRequest"], AWSResponse | None]
"""Stands where AWS does, and answers a request. The text is the name of botocore's event."""


@dataclass(frozen=True)
class Call:
    """One sent request. Each retry of the SDK is a separate call."""

    service: str
    operation: str
    parameters: dict[str, Any]


@dataclass
class Wire:
    """Records the requests between botocore and AWS in memory, and applies faults to them."""

    calls: list[Call] = field(default_factory=list)
    serve: Serve = botocore_stubber
    gate: Callable[[Call, Forward], AWSResponse] | None = None  # serves every request, in the place of the faults below
    _faults: dict[str, deque[Fault]] = field(default_factory=dict)
    _always: dict[str, Fault] = field(default_factory=dict)
    _of_any: Fault | None = None

    def pass_on(self, request: "AWSPreparedRequest", event_name: str, **_: object) -> AWSResponse:
        """Pass one request on, as a handler of botocore's `before-send` event."""
        service, operation = event_name.split(".")[1:]
        body = request.body or b"{}"  # a GET has no body
        assert isinstance(body, bytes)
        parameters = json.loads(body)
        if parameters.get("TableName") in OTHER_NAMES:
            service, what = OTHER_NAMES[parameters["TableName"]]
            operation = f"{operation} {what}"
        call = Call(service, operation, parameters)
        self.calls.append(call)

        def forward() -> AWSResponse:
            response = self.serve(event_name, request)
            assert response is not None, "moto is not active"
            response.headers["date"] = formatdate(now_ms() / 1000, usegmt=True)  # the test's clock is the store's, too
            return response

        if self.gate is not None:
            return self.gate(call, forward)
        queue = self._faults.get(operation)
        fault = queue.popleft() if queue else self._always.get(operation, self._of_any)
        return fault(forward) if fault else forward()

    def next(self, operation: str, *faults: Fault) -> None:
        """Apply these faults to the next requests of this operation, one fault to each request."""
        self._faults.setdefault(operation, deque()).extend(faults)

    def always(self, operation: str, fault: Fault) -> None:
        """Apply this fault to every request of this operation, until `mend`."""
        self._always[operation] = fault

    def every(self, fault: Fault) -> None:
        """Apply this fault to every request that has no other, until `mend`."""
        self._of_any = fault

    def mend(self) -> None:
        """Remove all faults."""
        self.gate = None
        self._faults.clear()
        self._always.clear()
        self._of_any = None

    def forget(self) -> None:
        """Delete the recorded calls."""
        self.calls.clear()

    @property
    def counts(self) -> dict[str, int]:
        """The number of sent requests of each operation."""
        return dict(Counter(f"{call.service}.{call.operation}" for call in self.calls))


@cache
def wired_session() -> tuple[botocore.session.Session, Wire]:
    """Return this process's SDK session, and the wire of its clients."""
    session, wire = botocore.session.get_session(), Wire()
    session.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # the stubber is callable
    session.register("before-send", wire.pass_on)  # type: ignore[arg-type]  # its result is the response
    watch(session)
    return session, wire


def passes(forward: Forward) -> AWSResponse:
    """Serve the request without a failure."""
    return forward()


def lost_response(forward: Forward) -> AWSResponse:
    """Serve the request, but lose its answer."""
    forward()
    raise ReadTimeoutError(endpoint_url="https://aws.invalid")


def lost_request(_forward: Forward) -> AWSResponse:
    """Lose the request, so no answer arrives."""
    raise ReadTimeoutError(endpoint_url="https://aws.invalid")


def no_connection(_forward: Forward) -> AWSResponse:
    """Fail to connect."""
    raise ConnectTimeoutError(endpoint_url="https://aws.invalid")


def no_address(_forward: Forward) -> AWSResponse:
    """Fail to resolve the name."""
    raise EndpointConnectionError(endpoint_url="https://aws.invalid")


def damaged(forward: Forward) -> AWSResponse:
    """Serve the request, and let another answer arrive: the checksum of the true one does not fit."""
    answer = forward()
    other = raw_answer(b"{}", answer.status_code)(forward)
    other.headers["x-amz-crc32"] = str(crc32(answer.content))
    return other


def refusal(code: str, status: int = 400, **members: object) -> Fault:
    """Answer with an AWS error, without serving the request."""
    body = json.dumps({"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": "planted", **members})
    return raw_answer(body.encode(), status)


def raw_answer(body: bytes, status: int) -> Fault:
    """Answer with these bytes, without serving the request."""

    def answer(_forward: Forward) -> AWSResponse:
        headers = {"Content-Type": "application/x-amz-json-1.0", "Content-Length": str(len(body))}
        return AWSResponse("https://aws.invalid", status, headers, MockRawResponse(body))  # type: ignore[arg-type]

    return answer

"""The wire between the SDK and AWS: what was sent is counted, and what comes back can be made to fail."""

import json
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest

Forward = Callable[[], AWSResponse]
THROTTLE_TABLE = "functional-throttle"
Fault = Callable[[Forward], AWSResponse]
"""What happens to one request. It may hand it on (`forward`) before or after something goes wrong, or never."""


@dataclass(frozen=True)
class Call:
    """One request as it was sent: the SDK's repetitions are calls of their own."""

    service: str
    operation: str
    parameters: dict[str, Any]


@dataclass
class Wire:
    """Stands between botocore and moto."""

    calls: list[Call] = field(default_factory=list)
    _faults: dict[str, deque[Fault]] = field(default_factory=dict)
    _always: dict[str, Fault] = field(default_factory=dict)

    def pass_on(self, request: "AWSPreparedRequest", event_name: str, **_: object) -> AWSResponse:
        """Pass one request on, as a handler of botocore's `before-send` event."""
        service, operation = event_name.split(".")[1:]
        assert isinstance(request.body, bytes)
        parameters = json.loads(request.body)
        if parameters.get("TableName") == THROTTLE_TABLE:
            # Every attempt is counted there: a test of anything else speaks of the other tables.
            service, operation = "throttle", f"{operation} of attempts"
        self.calls.append(Call(service, operation, parameters))

        def forward() -> AWSResponse:
            response = botocore_stubber(event_name, request)
            assert response is not None, "moto is not in force"
            return response

        queue = self._faults.get(operation)
        fault = queue.popleft() if queue else self._always.get(operation)
        return fault(forward) if fault else forward()

    def next(self, operation: str, *faults: Fault) -> None:
        """Let the next requests of this operation meet these faults, one each."""
        self._faults.setdefault(operation, deque()).extend(faults)

    def always(self, operation: str, fault: Fault) -> None:
        """Let every request of this operation meet this fault, until `mend`."""
        self._always[operation] = fault

    def mend(self) -> None:
        """Take all faults away."""
        self._faults.clear()
        self._always.clear()

    def forget(self) -> None:
        """Count from here."""
        self.calls.clear()

    @property
    def counts(self) -> dict[str, int]:
        """How many requests of each operation were sent."""
        return dict(Counter(f"{call.service}.{call.operation}" for call in self.calls))


@cache
def wired_session() -> tuple[botocore.session.Session, Wire]:
    """Return this process's session whose clients are on a wire, and the wire."""
    session, wire = botocore.session.get_session(), Wire()
    session.unregister("before-send", botocore_stubber)  # type: ignore[arg-type]  # it is callable
    session.register("before-send", wire.pass_on)  # type: ignore[arg-type]  # its result is the response
    return session, wire


def passes(forward: Forward) -> AWSResponse:
    """Nothing goes wrong."""
    return forward()


def lost_response(forward: Forward) -> AWSResponse:
    """The request is served, its answer never arrives."""
    forward()
    raise ReadTimeoutError(endpoint_url="https://aws.invalid")


def lost_request(_forward: Forward) -> AWSResponse:
    """The request is read by nobody, and no answer arrives."""
    raise ReadTimeoutError(endpoint_url="https://aws.invalid")


def no_connection(_forward: Forward) -> AWSResponse:
    """Nobody is there."""
    raise ConnectTimeoutError(endpoint_url="https://aws.invalid")


def no_address(_forward: Forward) -> AWSResponse:
    """The name does not resolve."""
    raise EndpointConnectionError(endpoint_url="https://aws.invalid")


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

"""What stands between the functions and AWS during one request: it names each call, and lets one of them fail."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Lock

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError

from edge_auth.adapters.aws import (
    CONNECT_TIMEOUT_SECONDS,
    FUNCTION_READ_TIMEOUT_SECONDS,
    INVOKED_READ_TIMEOUT_SECONDS,
    MAIL_TIMEOUT_SECONDS,
    READ_TIMEOUT_SECONDS,
)
from edge_auth.authorizer.signed_requests import TIMEOUTS
from tests.support.clock import TestClock
from tests.support.outages import FAULTS, FAULTS_OF_TRANSACTIONS, FAULTS_OF_UPDATES, NO_SECRETS, after, kill
from tests.support.stack import TABLES
from tests.support.wire import Call, Fault, Forward, damaged, lost_request, lost_response, no_connection, raw_answer

SLOW_PART = 0.9  # of the time that an answer may take
SINGLE_WRITES = ("UpdateItem", "PutItem", "DeleteItem")
_LOGICAL_IDS = {name: logical_id for logical_id, name in TABLES.items()}


def reset_before(_forward: Forward) -> AWSResponse:
    """Reset the connection before the request arrives."""
    raise ConnectionClosedError(endpoint_url="https://aws.invalid")


def reset_after(forward: Forward) -> AWSResponse:
    """Reset the connection after the request was served."""
    forward()
    raise ConnectionClosedError(endpoint_url="https://aws.invalid")


def cut_off(forward: Forward) -> AWSResponse:
    """Serve the request, and let half of the answer arrive as if it were whole."""
    answer = forward()
    half = answer.content[: len(answer.content) // 2].rstrip(b"}")
    return raw_answer(half or b"{", answer.status_code)(forward)


def slow(forward: Forward) -> AWSResponse:
    """Serve the request. The time passes in `Gate`."""
    return forward()


KILLED, SLOW, APPLIED_RESET = "killed after", "slow", "reset, applied"
NETWORK: dict[str, Fault] = {
    "reset, not applied": reset_before,
    APPLIED_RESET: reset_after,
    "cut off": cut_off,
    SLOW: slow,
    KILLED: after(kill),  # the process dies when the call was served, and before its answer arrives
}
OF_DYNAMODB: dict[str, Fault] = {"damaged": damaged}
_TIMED_OUT = (lost_request, lost_response)


def faults_of(name: str) -> Mapping[str, Fault]:
    """Return the faults of a call, by their names. `name` is the call's, such as `UpdateItem SessionsTable`."""
    operation = name.partition(" ")[0]
    if operation == "GetSecretValue":
        return {**NO_SECRETS, **NETWORK}
    if operation == "TransactWriteItems":
        return {**FAULTS_OF_TRANSACTIONS, **NETWORK, **OF_DYNAMODB}
    if operation in SINGLE_WRITES:
        return {**FAULTS_OF_UPDATES, **NETWORK, **OF_DYNAMODB}
    return {**FAULTS, **NETWORK, **(OF_DYNAMODB if operation in ("GetItem", "Query") else {})}


def name_of(call: Call) -> str:
    """Return the name of a call: its operation, and the tables or the secret that it is about."""
    operation = call.operation.partition(" ")[0]
    parameters = call.parameters
    if "TransactItems" in parameters:
        tables = [next(iter(item.values()))["TableName"] for item in parameters["TransactItems"]]
        return " ".join((operation, *dict.fromkeys(_LOGICAL_IDS[table] for table in tables)))
    if "TableName" in parameters:
        return f"{operation} {_LOGICAL_IDS[parameters['TableName']]}"
    if "SecretId" in parameters:
        return f"{operation} {'SealingSecret' if 'Sealing' in parameters['SecretId'] else 'KeyRingSecret'}"
    return operation


@dataclass
class Gate:
    """Serves every request, except those that meet the fault. The clock goes on by the time that a fault takes.

    The fault is that of the requests with this name, from number `at` on if it lasts, and else of that one request.
    `answers` are those of services that moto does not have, by operation.
    """

    clock: TestClock
    answers: Mapping[str, Fault]
    function: str = ""
    name: str = ""
    at: int = 0
    fault: Fault | None = None
    lasts: bool = False
    made: Counter[str] = field(default_factory=Counter)
    met: int = 0
    _lock: Lock = field(default_factory=Lock)  # some functions make two calls at the same time

    def __call__(self, call: Call, forward: Forward) -> AWSResponse:
        """Serve a request, or let it fail."""
        with self._lock:
            name = name_of(call)
            self.made[name] += 1
            number = self.made[name]
        serve = partial(self._served, call, forward)
        if self.fault is None or name != self.name or number < self.at or (number > self.at and not self.lasts):
            return serve()
        self.met += 1
        try:
            return self.fault(serve)
        finally:
            self.clock.advance(seconds=self._seconds(call.operation))

    def _served(self, call: Call, forward: Forward) -> AWSResponse:
        if call.operation in self.answers:
            return self.answers[call.operation](forward)
        return forward()

    def _seconds(self, operation: str) -> float:
        is_authorizer = self.function.endswith("authorizer")
        connect, read = TIMEOUTS[:2] if is_authorizer else (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
        if operation == "SendEmail":
            read = MAIL_TIMEOUT_SECONDS
        if operation == "Invoke":
            read = INVOKED_READ_TIMEOUT_SECONDS
        if operation.endswith("FunctionConfiguration"):
            read = FUNCTION_READ_TIMEOUT_SECONDS
        if self.fault is no_connection:
            return connect
        return read if self.fault in _TIMED_OUT else read * SLOW_PART if self.fault is slow else 0.0

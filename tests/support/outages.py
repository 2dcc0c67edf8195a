"""The service faults of F19: the failures of AWS, or of the network, in answer to one request."""

from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse

from edge_auth.adapters import conflicts
from tests.support.stack import Stack
from tests.support.wire import (
    Fault,
    Forward,
    lost_request,
    lost_response,
    no_address,
    no_connection,
    raw_answer,
    refusal,
)

GARBAGE = b"\x00\xff<html>{"

RETRIED: dict[str, Fault] = {
    "throughput exceeded": refusal("ProvisionedThroughputExceededException"),
    "throttling": refusal("ThrottlingException"),
    "request limit": refusal("RequestLimitExceeded"),
    "internal error": refusal("InternalServerError", 500),
    "service unavailable": refusal("ServiceUnavailable", 503),
    "bad gateway, a page": raw_answer(b"<html>bad gateway</html>", 502),
    "server error, empty": raw_answer(b"", 500),
    "no address": no_address,
    "connect timeout": no_connection,
    "read timeout, not applied": lost_request,
    "read timeout, applied": lost_response,
}
"""After these faults the SDK sends the request again."""

FINAL: dict[str, Fault] = {
    "bad gateway, garbage": raw_answer(GARBAGE, 502),
    "no such table": refusal("ResourceNotFoundException"),
    "access denied": refusal("AccessDeniedException"),
    "validation": refusal("ValidationException"),
    "expired credentials": refusal("ExpiredTokenException"),
    "unknown credentials": refusal("UnrecognizedClientException"),
    "unknown code": refusal("SomethingNewException"),
    "refused, garbage": raw_answer(GARBAGE, 400),
    "refused, empty": raw_answer(b"", 403),
}
"""After these faults the SDK raises an error at once."""

FAULTS = {**RETRIED, **FINAL}

CONFLICT = "transaction conflict"
"""The fault of a write that meets a transaction on its item. No other request is sent again as often."""

CONFLICT_OF_TRANSACTIONS = refusal(
    "TransactionCanceledException", CancellationReasons=[{"Code": "TransactionConflict"}, {"Code": "None"}]
)

FAULTS_OF_TRANSACTIONS = {**FAULTS, CONFLICT: CONFLICT_OF_TRANSACTIONS}

FAULTS_OF_UPDATES = {
    **FAULTS,
    CONFLICT: refusal("TransactionConflictException"),
    "replicated write conflict": refusal("ReplicatedWriteConflictException"),
}
"""The last two faults happen only to a write of one item, and the request is sent again."""

REPEATED = FAULTS_OF_UPDATES.keys() - FINAL.keys()
"""The names of all faults after which the request is sent again."""

APPLIED = "read timeout, applied"
"""The only fault after which the write has happened."""

KINDS = {name: FAULTS[name] for name in ("throttling", APPLIED, "access denied", "refused, garbage")}
"""One fault of each kind: refused and sent again, applied, refused for good, and no answer of AWS's.

The adapters make one error of all faults. The tests of sessions meet every fault, and so does each call of a function
in the grid of `make prove`, at the first request that makes it. The tests of the other functions meet one of each kind.
"""

KINDS_OF_TRANSACTIONS = {**KINDS, CONFLICT: CONFLICT_OF_TRANSACTIONS}

KINDS_OF_UPDATES = {**KINDS, CONFLICT: FAULTS_OF_UPDATES[CONFLICT]}


def kinds_at(*operations: str) -> list[tuple[str, str]]:
    """Return each operation with the name of each of these faults that it can meet: a read meets no conflict."""
    reads = ("GetItem", "Query")
    return [
        (operation, fault)
        for operation in operations
        for fault in KINDS_OF_TRANSACTIONS
        if not (operation in reads and fault == CONFLICT)
    ]


NO_SECRETS: dict[str, Fault] = {
    "throttling": refusal("ThrottlingException"),
    "internal error": refusal("InternalServiceError", 500),
    "unavailable": refusal("ServiceUnavailable", 503),
    "no key of the secret": refusal("DecryptionFailure"),
    "access denied": refusal("AccessDeniedException"),
    "expired credentials": refusal("ExpiredTokenException"),
    "being deleted": refusal("InvalidRequestException"),
    "deleted": refusal("ResourceNotFoundException"),
    "no address": no_address,
    "connect timeout": no_connection,
    "read timeout": lost_request,
    "lost response": lost_response,
    "bad gateway": raw_answer(b"<html>bad gateway</html>", 502),
    "garbage": raw_answer(GARBAGE, 200),
    "empty": raw_answer(b"", 200),
}
"""The failures of Secrets Manager, or of the network, in answer to a read of the key ring."""

ATTEMPTS = 2


class Killed(BaseException):
    """The end of the process. No code of the product catches it."""


def kill() -> None:
    """End the process here."""
    raise Killed


def attempts(fault: str) -> int:
    """Return the number of attempts of one call while this fault lasts (DC-11)."""
    if fault == CONFLICT:
        return conflicts.ATTEMPTS
    return ATTEMPTS if fault in REPEATED else 1


def before(act: Callable[[], object]) -> Fault:
    """Return a fault that runs `act` before the request is served."""

    def fault(forward: Forward) -> AWSResponse:
        act()
        return forward()

    return fault


def after(act: Callable[[], object]) -> Fault:
    """Return a fault that runs `act` after the request is served, before its answer arrives."""

    def fault(forward: Forward) -> AWSResponse:
        response = forward()
        act()
        return response

    return fault


def events_named(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Return the security events with this name."""
    return [line for line in stack.output.security_events() if line["event"] == name]


def generation(stack: Stack) -> int:
    """Return the generation of the only session, or the one that it had at its end."""
    [item] = stack.session_items()
    return int(item["generation"]["N"])


def ends(stack: Stack) -> dict[str, str]:
    """Return the reason of each ended session by its id."""
    ended = [item for item in stack.session_items() if "revoked_at" in item]
    return {item["session_id"]["S"]: item["revoked_reason"]["S"] for item in ended}

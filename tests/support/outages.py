"""The service faults of F19: what AWS, or the network before it, can answer to one request."""

from collections.abc import Callable
from typing import Any

from botocore.awsrequest import AWSResponse

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
"""The SDK itself sends these again."""

FINAL: dict[str, Fault] = {
    "transaction conflict": refusal("TransactionConflictException"),
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
"""These come back to the function at once."""

FAULTS = {**RETRIED, **FINAL}

FAULTS_OF_UPDATES = {**FAULTS, "replicated write conflict": refusal("ReplicatedWriteConflictException")}
"""Only writes of one item meet the last one, and the SDK sends it again."""

REPEATED = FAULTS_OF_UPDATES.keys() - FINAL.keys()
"""The names of all that the SDK sends again."""

APPLIED = "read timeout, applied"
"""The one fault after which the write has happened."""

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
"""What Secrets Manager, or the network before it, can answer to a read of the key ring."""

ATTEMPTS = 3


class Killed(BaseException):
    """The end of the process: nothing in it can catch this."""


def kill() -> None:
    """End the process here."""
    raise Killed


def attempts(fault: str) -> int:
    """Return how often one call is sent while this fault lasts (DC-11)."""
    return ATTEMPTS if fault in REPEATED else 1


def before(act: Callable[[], object]) -> Fault:
    """Let something else happen before the request is served."""

    def fault(forward: Forward) -> AWSResponse:
        act()
        return forward()

    return fault


def after(act: Callable[[], object]) -> Fault:
    """Let something else happen once the request was served, before its answer arrives."""

    def fault(forward: Forward) -> AWSResponse:
        response = forward()
        act()
        return response

    return fault


def events_named(stack: Stack, name: str) -> list[dict[str, Any]]:
    """Return the security events of one name."""
    return [line for line in stack.output.security_events() if line["event"] == name]


def generation(stack: Stack) -> int:
    """Return the generation of the only session."""
    [item] = stack.session_items()
    return int(item["generation"]["N"])


def ends(stack: Stack) -> dict[str, str]:
    """Return why each ended session ended, by its id."""
    ended = [item for item in stack.session_items() if "revoked_at" in item]
    return {item["session_id"]["S"]: item["revoked_reason"]["S"] for item in ended}

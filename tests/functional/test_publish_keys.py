"""The hourly run gives the authorizer the current public keys, through Lambda's own API."""

import json
from typing import Any

import pytest

from edge_auth.errors import TemporarilyUnavailable
from tests.support.cloudformation import deployed_keys
from tests.support.key_ring_events import ADVANCE, GET, make_due
from tests.support.sample_events import Event
from tests.support.stack import LambdaContext, Stack
from tests.support.wire import raw_answer, refusal

READ, WRITE = "lambda.GetFunctionConfiguration", "lambda.UpdateFunctionConfiguration"
AUTHORIZERS = ["edge-auth-AuthorizerFunction-AbCdEf", "edge-auth-StrictAuthorizerFunction-AbCdEf"]
HOURLY: Event = {**ADVANCE, "authorizers": AUTHORIZERS}
OTHERS = {"ISSUER": "https://auth.example.com", "AUDIENCE": "https://api.example.com"}


def authorizer_has(stack: Stack, jwks: str, **members: Any) -> None:  # noqa: ANN401 - any member of Lambda's answer
    """Let Lambda answer with an authorizer that has these keys."""
    configuration = {"RevisionId": "r-1", "Environment": {"Variables": {**OTHERS, "JWKS": jwks}}, **members}
    stack.wire.always("GetFunctionConfiguration", raw_answer(json.dumps(configuration).encode(), 200))
    stack.wire.always("UpdateFunctionConfiguration", raw_answer(b"{}", 200))


def written(stack: Stack) -> list[dict[str, Any]]:
    """Return what was written to the authorizer."""
    return [call.parameters for call in stack.wire.calls if call.operation == "UpdateFunctionConfiguration"]


def text(stack: Stack) -> str:
    """Return the keys that the authorizer should have."""
    return json.dumps({"keys": deployed_keys(stack)}, separators=(",", ":"))


def test_a_changed_ring_reaches_the_authorizer_and_nothing_else_changes(stack: Stack) -> None:
    """K3: of each authorizer only the keys change, and only if the function is still as it was read."""
    authorizer_has(stack, text(stack))
    make_due(stack)

    stack.rotate_keys()(HOURLY)

    assert written(stack) == [{"Environment": {"Variables": {**OTHERS, "JWKS": text(stack)}}, "RevisionId": "r-1"}] * 2
    assert [line["event"] for line in stack.output.security_events()] == ["keys_planned", *["keys_published"] * 2]


def test_each_authorizer_of_the_event_gets_the_keys_of_the_ring(stack: Stack) -> None:
    """K3: the schedule names the authorizer and the strict one."""
    module, given = stack.module("rotate_keys"), list[tuple[str, int]]()
    stack.monkeypatch.setattr(module, "publish_keys", lambda name: lambda ring: given.append((name, len(ring.signing))))

    module.handler(HOURLY, LambdaContext())

    assert given == [(name, len(stack.key_ring.signing)) for name in AUTHORIZERS]


def test_an_authorizer_that_has_the_keys_is_only_read(stack: Stack) -> None:
    """A write would start every authorizer again."""
    rotate_keys = stack.rotate_keys()
    rotate_keys(ADVANCE)
    authorizer_has(stack, text(stack))
    stack.wire.forget()

    rotate_keys(HOURLY)

    assert stack.wire.counts == {GET: 1, READ: 2}


@pytest.mark.parametrize("code", ["AccessDeniedException", "PreconditionFailedException", "ResourceConflictException"])
@pytest.mark.parametrize("operation", ["GetFunctionConfiguration", "UpdateFunctionConfiguration"])
def test_a_refused_publication_is_an_error_and_the_ring_is_kept(stack: Stack, operation: str, code: str) -> None:
    """Lambda repeats the event, and the next hour comes. Until then the authorizer fetches."""
    authorizer_has(stack, "")
    make_due(stack)
    stack.wire.always(operation, refusal(code, 409))

    with pytest.raises(TemporarilyUnavailable, match=f"^{operation}: {code}$"):
        stack.rotate_keys()(HOURLY)

    assert len(stack.key_ring.signing) == 3


@pytest.mark.parametrize(
    "environment", [None, {}, {"Error": {"ErrorCode": "AccessDeniedException"}}, {"Variables": OTHERS}]
)
def test_an_environment_that_cannot_be_read_is_not_written_over(stack: Stack, environment: object) -> None:
    """A write replaces the whole environment, so without the rest of it the authorizer would be broken."""
    authorizer_has(stack, "", Environment=environment)

    with pytest.raises(TemporarilyUnavailable, match=r"^the authorizer's environment has no keys$"):
        stack.rotate_keys()(HOURLY)

    assert written(stack) == []

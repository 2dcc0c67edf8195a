"""A living token that is presented so often that DynamoDB refuses writes to the item of its session (F39)."""

import pytest
from botocore.awsrequest import AWSResponse

from tests.support.answers import UNAVAILABLE
from tests.support.outages import RETRIED, ends
from tests.support.people import ADA_ID, PASSWORD, bob
from tests.support.sample_events import login_event, refresh_event
from tests.support.stack import Function, Stack
from tests.support.wire import Call, Fault, Forward

Tokens = dict[str, str]
SENT_TWICE, PRESENTED = 100, 150  # then the SDK's quota of repetitions is used up, for all users of the instance


def make_hot(stack: Stack, session_id: str, fault: Fault) -> None:
    """Let every request for the item of this session of ada meet the fault, until the wire is mended."""
    hot = {"user_id": {"S": ADA_ID}, "session_id": {"S": session_id}}

    def serve(call: Call, forward: Forward) -> AWSResponse:
        return fault(forward) if call.parameters.get("Key") == hot else forward()

    stack.wire.gate = serve


@pytest.mark.parametrize("name", ["throttling", "throughput exceeded"])
def test_a_hot_session_gets_503_and_lives_and_others_go_on(
    stack: Stack, refresh: Function, tokens: Tokens, name: str
) -> None:
    """The function that is hammered serves other users and the user's other sessions, and counts no dead token."""
    stack.add_user(bob(), PASSWORD)
    login = stack.function("login")
    others = [login(login_event(user, PASSWORD)).json["refresh_token"] for user in ("bob", "ada")]
    counted = stack.attempt_items()
    stack.wire.forget()
    make_hot(stack, tokens["session_id"], RETRIED[name])

    answers = [refresh(refresh_event(tokens["refresh_token"])) for _ in range(PRESENTED)]

    assert answers == [UNAVAILABLE] * PRESENTED
    assert stack.wire.counts["dynamodb.UpdateItem"] == PRESENTED + SENT_TWICE
    assert UNAVAILABLE.headers["Retry-After"] == "1"
    assert [refresh(refresh_event(token)).status for token in others] == [200, 200]
    stack.wire.mend()
    newest = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.clock.advance(seconds=60)
    assert refresh(refresh_event(newest)).status == 200
    assert (stack.attempt_items(), ends(stack)) == (counted, {})
    assert not [line for line in stack.output.security_events() if line["level"] == "ERROR"]

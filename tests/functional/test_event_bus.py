import json
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.proof_token import Kind
from tests.support.answers import INVALID_GRANT, INVALID_OTP, NO_CONTENT
from tests.support.key_ring_events import asked
from tests.support.mailbox import mailed
from tests.support.outages import KINDS
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import Event, called_by, login_event, logout_event, refresh_event, with_json
from tests.support.second_factor import CODES, a_wrong_code, with_app
from tests.support.stack import SEALING_KEY, Answer, Function, Stack
from tests.support.wire import Fault, raw_answer

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/SecurityEventBus"
PUT = "events.PutEvents"
REFUSED = raw_answer(b'{"FailedEntryCount":1,"Entries":[{"ErrorCode":"InternalFailure"}]}', 200)
TROUBLE: dict[str, Fault] = {**KINDS, "refused": REFUSED}


@pytest.fixture
def announcing(stack: Stack) -> Stack:
    """Return the stack with an event bus."""
    return stack.with_parameters(SecurityEventBus=BUS)


def reuse(stack: Stack) -> tuple[str, Answer]:
    """Refresh twice, a minute apart, and then with the first token again; return the session and the last answer."""
    tokens = stack.function("login")(login_event("ada", PASSWORD)).json
    refresh = stack.function("refresh")
    successor = refresh(refresh_event(tokens["refresh_token"])).json["refresh_token"]
    stack.clock.advance(seconds=60)
    assert refresh(refresh_event(successor)).status == 200
    return tokens["session_id"], refresh(refresh_event(tokens["refresh_token"]))


def test_a_reuse_is_announced(announcing: Stack) -> None:
    """A16: one event is announced on the bus, with the user and the session, so that a team can react."""
    session_id, answer = reuse(announcing)

    assert answer == INVALID_GRANT
    [call] = [call for call in announcing.wire.calls if call.operation == "PutEvents"]
    [entry] = call.parameters["Entries"]
    assert (entry["EventBusName"], entry["Source"], entry["DetailType"]) == (BUS, "edge-auth", "refresh_token_reused")
    assert json.loads(entry["Detail"]) == {
        "name": "refresh_token_reused",
        "user_id": ADA_ID,
        "session_id": session_id,
        "reason": "reused",
        "generations_behind": 2,
    }


def test_a_reuse_at_a_logout_is_announced(announcing: Stack) -> None:
    """A16, F10: an old token that asks to end other sessions ends its own, and the answer is that of any logout."""
    token = announcing.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    refresh = announcing.function("refresh")
    successor = refresh(refresh_event(token)).json["refresh_token"]
    announcing.clock.advance(seconds=60)
    refresh(refresh_event(successor))

    assert announcing.function("logout")(logout_event(token, everywhere=True)) == NO_CONTENT

    [call] = [call for call in announcing.wire.calls if call.operation == "PutEvents"]
    assert [entry["DetailType"] for entry in call.parameters["Entries"]] == ["refresh_token_reused"]
    assert announcing.session_items()[0]["revoked_reason"] == {"S": "reused"}


def test_a_late_retry_from_elsewhere_is_announced(announcing: Stack) -> None:
    """A late retry of the same client is not, and of another client in another network it is."""
    token = announcing.function("login")(login_event("ada", PASSWORD)).json["refresh_token"]
    refresh = announcing.function("refresh")
    refresh(refresh_event(token))
    elsewhere = refresh_event(token)
    elsewhere["headers"]["User-Agent"] = "another/1"
    elsewhere["requestContext"]["identity"]["sourceIp"] = "198.51.100.7"
    announced = []
    for event in (refresh_event(token), elsewhere):
        announcing.clock.advance(seconds=60)
        assert refresh(event).status == 200
        announced.append([call for call in announcing.wire.calls if call.operation == "PutEvents"])

    assert announced[0] == []
    [entry] = announced[1][0].parameters["Entries"]
    assert entry["DetailType"] == "refresh_retried_late"
    told = json.loads(entry["Detail"])
    assert (told["same_client"], told["same_network"]) == (False, False)


def test_new_keys_in_an_emergency_are_announced(announcing: Stack) -> None:
    """A16: whoever watches the bus sees that an operator has replaced every key."""
    announcing.rotate_keys()(asked(announcing, "replace"))

    [call] = [call for call in announcing.wire.calls if call.operation == "PutEvents"]
    assert [entry["DetailType"] for entry in call.parameters["Entries"]] == ["keys_replaced"]


def test_what_is_no_alarm_is_not_announced(announcing: Stack) -> None:
    """An ordinary refresh announces nothing and makes no extra request."""
    tokens = announcing.function("login")(login_event("ada", PASSWORD)).json
    announcing.wire.forget()

    assert announcing.function("refresh")(refresh_event(tokens["refresh_token"])).status == 200
    assert announcing.wire.counts == {"secrets-manager.GetSecretValue": 1, "dynamodb.UpdateItem": 1}


@pytest.mark.parametrize("name", TROUBLE)
def test_trouble_with_the_bus_changes_nothing(announcing: Stack, name: str) -> None:
    """DC-3: the session still ends, the answer is the same, and the log records that the event was not announced."""
    announcing.wire.always("PutEvents", TROUBLE[name])

    _, answer = reuse(announcing)

    assert answer == INVALID_GRANT
    assert announcing.session_items()[0]["revoked_reason"] == {"S": "reused"}
    names = [event["event"] for event in announcing.output.security_events()]
    assert names[-2:] == ["refresh_token_reused", "not_announced"]


def test_without_a_bus_no_call_is_made(stack: Stack) -> None:
    """By default, events go only to the log."""
    reuse(stack)

    assert PUT not in stack.wire.counts


@pytest.mark.parametrize("by", ["login", "step_up", "reset"])
def test_a_locked_app_is_announced(announcing: Stack, by: str) -> None:
    """SB7, A16: wherever the hundredth wrong code is typed. The one before is no alarm."""
    stack = announcing.with_mail().with_parameters(SecondFactor="optional", SecurityEventBus=BUS)
    stack.secrets.keep(*CODES, kind="recovery code")
    user = stack.identities.find("ada")
    stack.identities.delete(user)
    with_address = replace(user, email="ada@mail.example", email_verified_at_seconds=1)
    stack.identities.create(with_app(with_address, sealing_keys_from(SEALING_KEY), failures=MAX_FAILURES - 2))
    function, event = guesses(stack, by)
    for announced in ([], ["factor_locked"]):
        assert function(event) == INVALID_OTP
        calls = [call for call in stack.wire.calls if call.operation == "PutEvents"]
        assert [call.parameters["Entries"][0]["DetailType"] for call in calls] == announced


def guesses(stack: Stack, by: str) -> tuple[Function, Event]:
    """Return a function, and a request with a wrong code."""
    wrong, function = a_wrong_code(stack.clock.now_seconds), stack.function(by)
    if by == "login":
        return function, with_json("login", {"username": "ada", "password": PASSWORD, "otp": wrong})
    if by == "reset":
        assert function(with_json("password-reset", {"username": "ada"})).status == 202
        shown = {**mailed(stack, Kind.RESET).link, "new_password": "another fine passphrase", "otp": wrong}
        return function, with_json("password-reset-confirm", shown)
    login = with_json("login", {"username": "ada", "password": PASSWORD, "recovery_code": CODES[0]})
    tokens = stack.function("login")(login).json
    stack.identities.change_email(stack.identities.find("ada"), "ada@mail.example", verified_at_seconds=1)
    user = stack.identities.find("ada")
    stack.identities.delete(user)
    assert user.factors is not None
    stack.identities.create(replace(user, factors=replace(user.factors, failures=MAX_FAILURES - 2)))
    event = with_json("step-up", {"refresh_token": tokens["refresh_token"], "otp": wrong})
    return function, called_by(event, ADA_ID, tokens["session_id"])

"""Logins of users who are still in another system: the operator's own function says whether the password is right."""

import json
from collections.abc import Callable

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse

from edge_auth.credentials.profiles import PROFILE
from tests.support.answers import INVALID_CREDENTIALS, UNAVAILABLE, too_many_attempts
from tests.support.browser import for_browsers, from_page
from tests.support.outages import ATTEMPTS, FAULTS
from tests.support.people import PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import login_event, with_json
from tests.support.stack import Function, Stack
from tests.support.wire import Fault, Forward, lost_request, lost_response, raw_answer

ARN = "arn:aws:lambda:us-east-1:123456789012:function:MigrationFunctionArn"
PUT, GET, INVOKE = "dynamodb.TransactWriteItems", "dynamodb.GetItem", "lambda.Invoke"
SHORT = "short one"  # a new password may not be as short; those of before go on


def answers(**members: object) -> Fault:
    """Answer as the function does."""
    return raw_answer(json.dumps(members).encode(), 200)


def fails(_forward: Forward) -> AWSResponse:
    """Answer as Lambda does for a function that raised an error, whose text has the event."""
    body = json.dumps({"errorMessage": f"no user grace with {PASSWORD}"}).encode()
    headers = {"Content-Length": str(len(body)), "X-Amz-Function-Error": "Unhandled"}
    return AWSResponse("https://aws.invalid", 200, headers, MockRawResponse(body))  # type: ignore[arg-type]


@pytest.fixture
def migrating(stack: Stack) -> Stack:
    """Return a stack that asks a function, which knows everybody and accepts every password."""
    stack.secrets.keep(SHORT, "", kind="password")
    stack.wire.always("Invoke", answers(valid=True, email="grace@example.com", email_verified=True))
    return stack.with_parameters(MigrationFunctionArn=ARN)


@pytest.fixture
def login(migrating: Stack) -> Function:
    """Return the function."""
    return migrating.function("login")


def asked(stack: Stack) -> list[dict[str, object]]:
    """Return what the function was asked."""
    return [call.parameters for call in stack.wire.calls if call.operation == "Invoke"]


def test_a_user_of_the_old_system_comes_at_the_first_login(migrating: Stack, login: Function) -> None:
    """P20: with the password of before, under our own hash, and without rights. The next login asks nobody."""
    assert login(login_event("Grace", SHORT)).status == 200

    grace = migrating.identities.find("grace")
    assert grace.password_hash.startswith(PROFILE.phc_prefix)
    assert (grace.email, grace.email_verified_at_seconds > 0) == ("grace@example.com", True)
    assert (grace.scope, grace.roles) == ("", ())
    assert asked(migrating) == [{"username": "grace", "password": SHORT}]
    assert [event["event"] for event in migrating.output.security_events()][-2:] == ["user_migrated", "login_succeeded"]

    migrating.wire.forget()
    assert login(login_event("grace", SHORT)).status == 200
    assert login(login_event("grace", WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert asked(migrating) == []


def test_a_site_migrates_too(migrating: Stack) -> None:
    """The way in which the session travels does not matter."""
    event = from_page(with_json("login", {"username": "grace", "password": SHORT, "transport": "session"}))
    answer = for_browsers(migrating).function("login")(event)

    assert (answer.status, "access_token" in answer.json) == (200, False)
    assert migrating.identities.find("grace").email == "grace@example.com"


@pytest.mark.parametrize("name", ["ada", "nobody"])
def test_a_password_that_nobody_accepts_is_a_wrong_password(migrating: Stack, login: Function, name: str) -> None:
    """The same bytes for a user of ours, of whom nobody is asked, and for no user at all."""
    migrating.wire.always("Invoke", answers(valid=False))

    assert login(login_event(name, WRONG_PASSWORD)) == INVALID_CREDENTIALS
    assert len(asked(migrating)) == (0 if name == "ada" else 1)
    assert {item["pk"]["S"] for item in migrating.identity_items()} == {"login#ada", f"user#{_ada_id(migrating)}"}


def _ada_id(stack: Stack) -> str:
    return stack.identities.find("ada").user_id


def test_an_attempt_that_has_to_wait_asks_nobody(migrating: Stack, login: Function) -> None:
    """P11, P12: the old system sees no more guesses than our limits let through."""
    migrating.wire.always("Invoke", answers(valid=False))
    statuses = [login(login_event("nobody", WRONG_PASSWORD)).status for _ in range(8)]

    assert 429 in statuses
    assert len(asked(migrating)) == statuses.count(401)


def test_a_first_login_is_one_attempt(migrating: Stack, login: Function) -> None:
    """P11: after four typing errors the right password is let in, and nothing says that it has failed."""
    migrating.wire.always("Invoke", answers(valid=False))
    assert [login(login_event("grace", WRONG_PASSWORD)).status for _ in range(4)] == [401] * 4
    migrating.wire.always("Invoke", answers(valid=True))

    assert [login(login_event("grace", SHORT)).status for _ in range(3)] == [200] * 3
    names = [event["event"] for event in migrating.output.security_events()]
    assert names == [*["login_failed"] * 4, "user_migrated", *["login_succeeded"] * 3]


OTHER_ANSWERS: dict[str, Fault] = {
    "no JSON": raw_answer(b"yes", 200),
    "null": raw_answer(b"null", 200),
    "nothing": raw_answer(b"", 200),
    "a text": answers(valid="true"),
    "a number": answers(valid=1),
    "no decision": answers(email="grace@example.com"),
    "two decisions": raw_answer(b'{"valid": false, "valid": true}', 200),
    "an address that is none": answers(valid=True, email="grace@example.com\r\nBcc: x@example.com"),
    "two addresses": answers(valid=True, email="a@example.com,b@example.com"),
    "a text for a confirmation": answers(valid=True, email="a@example.com", email_verified="false"),
    "too much": answers(valid=True, extra="x" * 5000),
    "an error of the function": fails,
}


@pytest.mark.parametrize("fault", {**FAULTS, **OTHER_ANSWERS}.values(), ids={**FAULTS, **OTHER_ANSWERS}.keys())
def test_a_function_that_does_not_decide_is_503(migrating: Stack, login: Function, fault: Fault) -> None:
    """DC-3: nobody comes, and no text of the function is in a log. It is asked once: the old system counts attempts."""
    migrating.wire.always("Invoke", fault)

    assert login(login_event("grace", SHORT)) == UNAVAILABLE
    assert len(asked(migrating)) == 1
    assert len(migrating.identity_items()) == 2


def test_an_outage_of_the_function_makes_nobody_wait_longer_than_mistakes_do(migrating: Stack, login: Function) -> None:
    """P11: each attempt has failed at once, so the sixth waits a second, and no attempt waits for another's outcome."""
    migrating.wire.always("Invoke", fails)
    assert [login(login_event("grace", SHORT)).status for _ in range(5)] == [503] * 5
    migrating.wire.always("Invoke", answers(valid=True))
    assert login(login_event("grace", SHORT)) == too_many_attempts(1)

    migrating.clock.advance(seconds=1)

    assert login(login_event("grace", SHORT)).status == 200


@pytest.mark.parametrize("fault", [lost_response, lost_request])
@pytest.mark.parametrize("times", [1, ATTEMPTS])
def test_an_account_that_may_have_been_made_is_made_once(
    migrating: Stack, login: Function, fault: Fault, times: int
) -> None:
    """The SDK repeats the transaction, which DynamoDB knows again. If it gives up, the next login goes on."""
    migrating.wire.next("TransactWriteItems", *[fault] * times)

    first = login(login_event("grace", SHORT))
    if times == ATTEMPTS:
        assert first == UNAVAILABLE
        first = login(login_event("grace", SHORT))
    assert first.status == 200
    names = [item["username"]["S"] for item in migrating.identity_items() if item["pk"]["S"].startswith("login#")]
    assert sorted(names) == ["ada", "grace"]


def interleaved(stack: Stack, do: Callable[[], object]) -> Fault:
    """Do this when the function is asked, before it answers."""

    def fault(forward: Forward) -> AWSResponse:
        stack.wire.always("Invoke", answers(valid=True))
        do()
        return answers(valid=True)(forward)

    return fault


def test_two_first_logins_at_once_make_one_user(migrating: Stack, login: Function) -> None:
    """The second one finds the user of the first, and checks the password as any login does."""
    inner: list[int] = []
    other = migrating.function("login")
    migrating.wire.always(
        "Invoke", interleaved(migrating, lambda: inner.append(other(login_event("grace", SHORT)).status))
    )

    assert (login(login_event("grace", SHORT)).status, inner) == (200, [200])
    assert len([event for event in migrating.output.security_events() if event["event"] == "user_migrated"]) == 1


def test_a_user_whom_an_operator_has_deleted_does_not_come_back(migrating: Stack, login: Function) -> None:
    """The record of the migration stays, so the old system cannot make the account again."""
    login(login_event("grace", SHORT))
    migrating.identities.delete(migrating.identities.find("grace"))

    assert login(login_event("grace", SHORT)) == INVALID_CREDENTIALS
    assert [item["pk"]["S"].partition("#")[0] for item in migrating.identity_items()].count("login") == 1


def test_without_the_parameter_nobody_is_asked(stack: Stack) -> None:
    """An unknown user costs the same requests as before."""
    assert stack.function("login")(login_event("grace", SHORT)) == INVALID_CREDENTIALS
    assert asked(stack) == []

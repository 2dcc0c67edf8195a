import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.answers import ERROR_HEADERS
from tests.support.people import ADA_ID, PASSWORD
from tests.support.sample_events import Event, let_through, login_event, refresh_event, sample, token_event
from tests.support.stack import Function, Stack

Authorize = Callable[[Event], dict[str, Any]]
Tokens = dict[str, str]
PASSED_ON = {"sub", "sid", "client_id", "scope", "roles", "jti", "exp", "acr", "amr", "auth_time"}


@pytest.fixture
def whoami(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("whoami")


def behind_the_authorizer(policy: dict[str, Any]) -> Event:
    """Return the event that API Gateway makes from an authorizer's answer. Every value of its context is a text."""
    [statement] = policy["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    return let_through(sample("me"), policy)


def test_it_answers_exactly_what_the_authorizer_passed_on(
    stack: Stack, authorize: Authorize, whoami: Function, tokens: Tokens
) -> None:
    """The route answers exactly the authorizer's context, and neither of them makes a call to AWS."""
    stack.wire.forget()

    answer = whoami(behind_the_authorizer(authorize(token_event(tokens["access_token"]))))

    assert (answer.status, answer.headers) == (200, ERROR_HEADERS)
    assert answer.json == {
        "sub": ADA_ID,
        "sid": tokens["session_id"],
        "client_id": "first-party",
        "scope": "read write",
        "roles": "admin auditor",
        "jti": answer.json["jti"],
        "exp": str(stack.clock.now_seconds + 900),
        "acr": "",
        "amr": "pwd",
        "auth_time": str(stack.clock.now_seconds),
    }
    assert answer.body == json.dumps(answer.json, separators=(",", ":"))
    assert len(answer.json["jti"]) >= 22, "128 bits"
    assert stack.wire.calls == []


def test_a_refresh_keeps_the_caller(
    stack: Stack, authorize: Authorize, refresh: Function, whoami: Function, tokens: Tokens
) -> None:
    """A4, T9: another token has the same user, session and rights; only its `jti` and its `exp` differ."""
    before = whoami(behind_the_authorizer(authorize(token_event(tokens["access_token"])))).json
    stack.clock.advance(seconds=3600)
    renewed = refresh(refresh_event(tokens["refresh_token"])).json

    after = whoami(behind_the_authorizer(authorize(token_event(renewed["access_token"])))).json

    assert {name for name in PASSED_ON if before[name] != after[name]} == {"jti", "exp"}
    assert int(after["exp"]) - int(before["exp"]) == 3600


def test_a_user_without_rights_has_none(stack: Stack, authorize: Authorize, whoami: Function) -> None:
    """An empty scope and empty roles are answered as empty texts."""
    [user] = [item for item in stack.identity_items() if item["pk"] == {"S": "login#ada"}]
    user["scope"] = {"S": ""}
    user["roles"] = {"L": []}
    stack.dynamodb.put_item(TableName="functional-IdentitiesTable", Item=user)
    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]

    said = whoami(behind_the_authorizer(authorize(token_event(access_token)))).json

    assert said.keys() == PASSED_ON
    assert (said["scope"], said["roles"]) == ("", "")


def test_nothing_else_of_the_context_is_answered(whoami: Function) -> None:
    """Unknown members of the context are not answered, and missing ones are empty."""
    event = sample("me")
    event["requestContext"]["authorizer"] = {"sub": "somebody", "claims": {"email": "x"}, "password": "hidden"}

    assert whoami(event).json == {**dict.fromkeys(PASSED_ON, ""), "sub": "somebody"}


@pytest.mark.parametrize("authorizer", [None, {}, "ada", [], ["sub"], {"principalId": ADA_ID}, {"SUB": ADA_ID}, 1])
def test_a_route_without_an_authorizer_fails(stack: Stack, authorizer: object) -> None:
    """Z7: if the template lost the authorizer, the function fails, and no caller is taken from anywhere else (A13)."""
    event = sample("me")
    event["headers"]["Authorization"] = "Bearer x.y.z"
    event["queryStringParameters"] = {"access_token": "x.y.z", "sub": ADA_ID}
    event["requestContext"]["authorizer"] = authorizer

    with pytest.raises((KeyError, TypeError, AttributeError)):
        stack.module("whoami").handler(event, None)

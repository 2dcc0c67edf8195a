import re

import pytest

from edge_auth.accounts.identity import DISABLED
from tests.support.answers import ERROR_HEADERS, INVALID_CREDENTIALS, INVALID_REQUEST
from tests.support.people import ADA_ID, PASSWORD, WRONG_PASSWORD
from tests.support.sample_events import login_event, with_json
from tests.support.stack import Function, Stack


def test_a_login_is_answered_with_tokens(login: Function) -> None:
    """A11: the answer is the token response, with exactly these members and headers."""
    answer = login(login_event("ada", PASSWORD))

    assert answer.status == 200
    assert answer.headers == {**ERROR_HEADERS, "Pragma": "no-cache"}
    assert set(answer.json) == {
        "access_token",
        "token_type",
        "expires_in",
        "refresh_token",
        "refresh_expires_in",
        "session_id",
        "scope",
        "device_token",
    }
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 900
    assert answer.json["refresh_expires_in"] == 14 * 86_400
    assert answer.json["scope"] == "read write"
    assert re.fullmatch(r"edgeauth_rt_[A-Za-z0-9_-]{120}", answer.json["refresh_token"])


def test_a_login_keeps_one_session(stack: Stack, login: Function) -> None:
    """The session is ada's and the one in the answer, and it ends after the days that the parameters set."""
    answer = login(login_event("ada", PASSWORD))

    [item] = stack.session_items()
    assert item["user_id"] == {"S": ADA_ID}
    assert item["session_id"] == {"S": answer.json["session_id"]}
    assert item["generation"] == {"N": "0"}
    assert item["idle_expires_at"] == {"N": str(stack.clock.now_seconds + 14 * 86_400)}
    assert item["absolute_expires_at"] == {"N": str(stack.clock.now_seconds + 30 * 86_400)}


def test_every_login_is_a_session_of_its_own(stack: Stack, login: Function) -> None:
    """P15: every login gets a new session id, and a client cannot choose it."""
    chosen = {"username": "ada", "password": PASSWORD, "session_id": "f" * 21 + "A", "refresh_token": "mine"}

    answers = [login(with_json("login", chosen)).json for _ in range(3)]

    assert len({answer["session_id"] for answer in answers} | {"f" * 21 + "A"}) == 4
    assert len({answer["refresh_token"] for answer in answers}) == 3
    assert len(stack.session_items()) == 3


def test_a_user_without_scope_gets_none(stack: Stack, login: Function) -> None:
    """The answer has `scope` only if the user has one."""
    stack.dynamodb.update_item(
        TableName="functional-IdentitiesTable",
        Key={"pk": {"S": "login#ada"}},
        UpdateExpression="SET #scope = :none",
        ExpressionAttributeNames={"#scope": "scope"},
        ExpressionAttributeValues={":none": {"S": ""}},
    )

    assert "scope" not in login(login_event("ada", PASSWORD)).json


@pytest.mark.parametrize(
    "password",
    [
        PASSWORD + " ",
        " " + PASSWORD,
        PASSWORD.upper(),
        PASSWORD + "\0x",
        PASSWORD[:-1],
        "x",
        "\N{PILE OF POO}" * 256,
    ],
)
def test_a_password_is_checked_exactly_as_received(stack: Stack, login: Function, password: str) -> None:
    """P3: a password is not trimmed, folded or cut; every other password gets one answer and opens no session."""
    assert login(login_event("ada", password)) == INVALID_CREDENTIALS
    assert stack.session_items() == []


def test_wrong_password_unknown_user_and_disabled_user_have_one_answer(stack: Stack, login: Function) -> None:
    """P8: all four logins get the same bytes and headers, and open no session."""
    answers = [login(login_event("ada", WRONG_PASSWORD)), login(login_event("nobody", PASSWORD))]
    stack.identities.change_status(stack.identities.find("ada"), DISABLED)
    answers += [login(login_event("ada", PASSWORD)), login(login_event("ada", WRONG_PASSWORD))]

    assert answers == [INVALID_CREDENTIALS] * 4
    assert stack.session_items() == []


@pytest.mark.parametrize("username", ["user#" + ADA_ID, ADA_ID, "login#ada"])
def test_no_key_of_the_table_is_a_username(login: Function, username: str) -> None:
    """A name with a forbidden character is malformed, and an id is not accepted as a name."""
    expected = INVALID_REQUEST if "#" in username else INVALID_CREDENTIALS
    assert login(login_event(username, PASSWORD)) == expected


@pytest.mark.parametrize("username", [None, 1, True, [], {}, "\ud800"])
def test_a_username_that_is_no_text_is_refused_before_any_call(stack: Stack, login: Function, username: object) -> None:
    """A parameter of another type is answered with invalid_request."""
    assert login(with_json("login", {"username": username, "password": PASSWORD})) == INVALID_REQUEST
    assert stack.wire.calls == []


@pytest.mark.parametrize("parameters", [{}, {"username": "ada"}, {"password": PASSWORD}])
def test_a_missing_parameter_is_refused(login: Function, parameters: dict[str, str]) -> None:
    """The user name and the password are both required."""
    assert login(with_json("login", parameters)) == INVALID_REQUEST


def test_unknown_parameters_are_ignored(login: Function) -> None:
    """A10: unknown parameters are ignored, nested ones too."""
    parameters = {"username": "ada", "password": PASSWORD, "scope": "all", "remember": {"me": [True, None, 1.5]}}

    answer = login(with_json("login", parameters))

    assert answer.status == 200
    assert answer.json["scope"] == "read write"

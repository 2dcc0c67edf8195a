"""POST /auth/login on the deployed stack."""

from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import JSON, Client


def test_login_with_the_right_password_answers_tokens_not_to_be_cached(client: Client, stack: Stack) -> None:
    """The token response has its eight members and `no-store`."""
    response = client.post_json("/auth/login", {"username": stack.user.name, "password": stack.user.password})

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    body = response.json()
    assert body.keys() == {
        *("access_token", "token_type", "expires_in", "scope"),
        *("refresh_token", "refresh_expires_in", "session_id", "device_token"),
    }
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 900, "notes:read")


def test_login_with_a_wrong_password_or_an_unknown_user_answers_the_same_bytes(client: Client, stack: Stack) -> None:
    """The answer does not show whether the user name or the password is wrong."""
    wrong = client.post_json("/auth/login", {"username": stack.user.name, "password": "not the password"})
    unknown = client.post_json("/auth/login", {"username": "nobody", "password": "not the password"})

    assert_error(wrong, 401, "invalid_credentials")
    assert_error(unknown, 401, "invalid_credentials")
    assert wrong.content == unknown.content


def test_login_with_a_malformed_body_is_an_invalid_request(client: Client) -> None:
    """API Gateway passes a body on as it came, so the function refuses it."""
    assert_error(client.send("POST", "/auth/login", JSON, "{"), 400, "invalid_request")


def test_login_with_another_media_type_is_refused(client: Client) -> None:
    """A login is JSON, and a form, which any web page can send, is refused."""
    response = client.post_form("/auth/login", {"username": "ada", "password": "x"})

    assert_error(response, 415, "unsupported_media_type")

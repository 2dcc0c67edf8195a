"""The challenge of each 401, as a client of the REST API gets it (Z7)."""

import json

import pytest
from werkzeug.test import Client

from tests.support.http_gateway import HttpGateway
from tests.support.people import PASSWORD
from tests.support.sample_events import STAGE
from tests.support.stack import Stack

STANDARD, RENAMED = "WWW-Authenticate", "x-amzn-Remapped-WWW-Authenticate"
BAD = 'Bearer error="invalid_token"'


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/sessions"), ("DELETE", "/auth/sessions/x"), ("POST", "/auth/password"), ("GET", "/me")],
)
def test_a_challenge_has_the_standard_name_unless_a_function_sends_it(stack: Stack, method: str, path: str) -> None:
    """RFC 6750 §3.1: API Gateway refuses no token and a bad one; a function refuses a session that has ended.

    An authorizer does not know of the end for up to RevocationSeconds. Here it never does.
    """
    client = Client(HttpGateway(stack.with_parameters(RevocationSeconds="0")))
    login = client.post(f"/{STAGE}/auth/login", json={"username": "ada", "password": PASSWORD})
    tokens = json.loads(login.data)
    stack.secrets.keep_tokens(tokens)
    client.post(f"/{STAGE}/auth/logout", json={"refresh_token": tokens["refresh_token"]})
    body = {"current_password": PASSWORD, "new_password": "another fine passphrase"}

    def challenges(authorization: str | None) -> tuple[int, str | None, str | None]:
        headers = {} if authorization is None else {"Authorization": authorization}
        answer = client.open(f"/{STAGE}{path}", method=method, headers=headers, json=body)
        return answer.status_code, answer.headers.get(STANDARD), answer.headers.get(RENAMED)

    assert challenges(None) == (401, "Bearer", None)
    assert challenges("Bearer x.y.z") == (401, BAD, None)
    ended = challenges(f"Bearer {tokens['access_token']}")
    assert ended == ((200, None, None) if path == "/me" else (401, None, BAD))

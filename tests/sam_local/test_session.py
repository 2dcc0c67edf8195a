"""The life of a session, over HTTP, through containers of Lambda's image."""

import time

import pytest

from local.api import Answer, Api
from tests.sam_local.served import Served, log_in, tokens
from tests.support.answers import INVALID_GRANT

RELOADED_WITHIN_SECONDS = 60


def age(served: Served, access: str, api: Api) -> None:
    """Make the session's last rotation two minutes older, so no test waits for the grace window."""
    caller = api.me(access).body
    with served.clients() as clients:
        clients.dynamodb.update_item(
            TableName=served.variables["RefreshFunction"]["SESSIONS_TABLE"],
            Key={"user_id": {"S": caller["sub"]}, "session_id": {"S": caller["sid"]}},
            UpdateExpression="SET rotated_at_ms = rotated_at_ms - :age",
            ConditionExpression="attribute_exists(session_id)",
            ExpressionAttributeValues={":age": {"N": "120000"}},
        )


def dead(answer: Answer) -> bool:
    """Return whether the answer refuses the refresh token, with the bytes that every dead token gets."""
    return (answer.status, answer.content.decode()) == (INVALID_GRANT.status, INVALID_GRANT.body)


def test_a_session_lives_and_ends_by_reuse(served: Served, api: Api) -> None:
    """Login, a protected route, refresh, a repeated refresh, a late retry, and reuse, which ends the session."""
    access, first = log_in(api)
    assert api.me(access).body["scope"] == "notes:read"

    _, second = tokens(api.refresh(first))
    assert second != first
    assert tokens(api.refresh(first))[1] == second

    age(served, access, api)
    _, third = tokens(api.refresh(first))
    assert third not in {first, second}

    age(served, access, api)
    assert dead(api.refresh(second))
    assert dead(api.refresh(third))


def test_a_logout_ends_the_session(api: Api) -> None:
    """The refresh token is dead, and the strict authorizer refuses the access token at once."""
    access, refresh = log_in(api)
    assert api._call("GET", "/me/strict", headers={"Authorization": f"Bearer {access}"}).status == 200

    assert api.logout(refresh).status == 204

    assert dead(api.refresh(refresh))
    assert api._call("GET", "/me/strict", headers={"Authorization": f"Bearer {access}"}).status == 403


def test_a_changed_function_answers_the_next_call(served: Served, api: Api) -> None:
    """SAM watches the folders of the functions, and starts a new container."""
    access, _ = log_in(api)
    file = served.settings.code / "whoami" / "app.py"
    source = file.read_text()
    assert "changed" not in api.me(access).body

    file.write_text(source.replace('known = {"sub"', 'known = {"changed": "yes", "sub"'))

    deadline = time.monotonic() + RELOADED_WITHIN_SECONDS
    try:
        while api.me(access).body.get("changed") != "yes":
            if time.monotonic() > deadline:
                pytest.fail("the function that was changed does not answer")
    finally:
        file.write_text(source)

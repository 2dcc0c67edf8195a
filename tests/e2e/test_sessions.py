"""The user's own sessions on the deployed stack: their list, their end, the client name, the scope and the limit."""

import secrets
from typing import Any

from edge_auth.tokens.refresh_token import new_id
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session
from tests.e2e.operator import Person
from tests.support.template import parameters


def listed(client: Client, session: Session) -> list[dict[str, Any]]:
    """Return the list of sessions that a session's access token gets."""
    response = client.get("/auth/sessions", session.access_token)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    found: list[dict[str, Any]] = response.json()["sessions"]
    return found


def end(client: Client, session: Session, session_id: str) -> Any:  # noqa: ANN401 - requests.Response
    """Ask for the end of a session."""
    headers = {"Authorization": f"Bearer {session.access_token}"}
    return client.send("DELETE", f"/auth/sessions/{session_id}", headers)


def test_a_user_sees_the_sessions_and_ends_one(client: Client, person: Person) -> None:
    """A18: both sessions are listed, one is current, and an ended session is dead and not in the list."""
    mine, other = client.open_session(person.name, person.password), client.open_session(person.name, person.password)

    shown = {session["session_id"]: session["current"] for session in listed(client, mine)}
    assert shown == {mine.session_id: True, other.session_id: False}

    response = end(client, mine, other.session_id)
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert_error(client.refresh(other.refresh_token), 400, "invalid_grant")
    assert [session["session_id"] for session in listed(client, mine)] == [mine.session_id]


def test_what_is_not_ones_own_is_not_there(client: Client, person: Person, session: Session) -> None:
    """The answers for another user's session and for no session are equal, and the other session goes on."""
    mine = client.open_session(person.name, person.password)

    answers = [end(client, mine, session_id) for session_id in (session.session_id, "A" * 22, "x")]

    for answer in answers:
        assert_error(answer, 404, "not_found")
    assert len({answer.content for answer in answers}) == 1
    assert client.refresh(session.refresh_token).status_code == 200


def test_a_session_that_was_logged_out_lists_and_ends_nothing(client: Client, person: Person) -> None:
    """The authorizer may still accept its access token for seconds, but the function checks the session."""
    mine, other = client.open_session(person.name, person.password), client.open_session(person.name, person.password)
    client.post_json("/auth/logout", {"refresh_token": mine.refresh_token})

    assert_error(client.get("/auth/sessions", mine.access_token), 401, "invalid_token")
    assert_error(end(client, mine, other.session_id), 401, "invalid_token")
    assert client.refresh(other.refresh_token).status_code == 200


def test_both_routes_need_an_access_token(client: Client, session: Session) -> None:
    """RFC 6750 §3.1: without credentials the challenge of the gateway has no error."""
    for method, path in (("GET", "/auth/sessions"), ("DELETE", f"/auth/sessions/{session.session_id}")):
        response = client.send(method, path, {})
        assert (response.status_code, response.headers["WWW-Authenticate"]) == (401, "Bearer")


def test_a_login_names_its_client(client: Client, person: Person) -> None:
    """The list shows the given name, the user agent and the network of the last use."""
    body = {"username": person.name, "password": person.password, "client_name": "Ada\u2019s phone"}
    opened = client.post_json("/auth/login", body).json()
    session = Session(opened["session_id"], opened["access_token"], opened["refresh_token"])

    [shown] = listed(client, session)

    assert shown["client_name"] == "Ada\u2019s phone"
    assert shown["user_agent"].startswith("python-requests/")
    assert shown["network"] in ("127.0.0.0/24", "::/48")


def test_a_logout_of_the_others_keeps_this_one(client: Client, person: Person) -> None:
    """A8: every other session of the user ends."""
    mine, *others = [client.open_session(person.name, person.password) for _ in range(3)]

    assert client.post_json("/auth/logout", {"refresh_token": mine.refresh_token, "others": True}).status_code == 204

    for other in others:
        assert_error(client.refresh(other.refresh_token), 400, "invalid_grant")
    assert client.refresh(mine.refresh_token).status_code == 200


def test_a_wider_scope_does_not_use_the_token_up(client: Client, session: Session) -> None:
    """A4: the answer is invalid_scope, and the same token is still good."""
    wider = {"refresh_token": session.refresh_token, "scope": "everything"}

    assert_error(client.post_json("/auth/refresh", wider), 400, "invalid_scope")
    assert client.refresh(session.refresh_token).status_code == 200


def test_a_login_beyond_the_limit_ends_the_oldest(client: Client, person: Person, stack: Stack) -> None:
    """One login more than the template's limit ends the oldest session. Copies of it stand for the logins between."""
    oldest = client.open_session(person.name, person.password)
    limit = int(parameters()["MaxSessionsPerUser"]["Default"])
    copies = {new_id(secrets.token_bytes) for _ in range(limit - 1)}
    item = stack.clients.dynamodb.get_item(TableName=stack.outputs["SessionsTable"], Key=oldest.key)["Item"]
    created_at_ms = {"N": str(int(item["created_at_ms"]["N"]) + 1)}
    for session_id in copies:
        copy = {**item, "session_id": {"S": session_id}, "created_at_ms": created_at_ms}
        stack.clients.dynamodb.put_item(TableName=stack.outputs["SessionsTable"], Item=copy)

    newest = client.open_session(person.name, person.password)

    assert_error(client.refresh(oldest.refresh_token), 400, "invalid_grant")
    assert {session["session_id"] for session in listed(client, newest)} == {*copies, newest.session_id}

"""POST /auth/logout on the deployed stack."""

from local import tokens
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session
from tests.e2e.operator import Person


def test_logout_with_json_ends_the_session(client: Client, session: Session) -> None:
    """The answer is 204 without a body, and the refresh token is refused afterwards."""
    response = client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")


def test_logout_with_the_revocation_form_ends_the_session(client: Client, session: Session) -> None:
    """The form of RFC 7009 §2.1 ends the session like the JSON body."""
    response = client.post_form("/auth/logout", {"token": session.refresh_token, "token_type_hint": "refresh_token"})

    assert (response.status_code, response.content) == (200, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")


def test_logout_with_an_older_token_of_the_session_ends_it(client: Client, session: Session) -> None:
    """A client that lost the last response can still log out."""
    successor = client.refresh(session.refresh_token).json()["refresh_token"]

    assert client.post_json("/auth/logout", {"refresh_token": session.refresh_token}).status_code == 204
    assert_error(client.refresh(successor), 400, "invalid_grant")


def test_logout_with_a_dead_or_unknown_token_is_answered_alike(client: Client, session: Session) -> None:
    """RFC 7009 §2.2: a dead or unknown token gets the answer of a good one."""
    client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    for token in (session.refresh_token, tokens.unknown(session.refresh_token), session.access_token, "no token"):
        assert client.post_json("/auth/logout", {"refresh_token": token}).status_code == 204
        assert client.post_form("/auth/logout", {"token": token}).status_code == 200


def test_logout_ends_one_session_and_leaves_the_others(client: Client, stack: Stack, session: Session) -> None:
    """The other session of the user can still refresh."""
    other = client.open_session(stack.user.name, stack.user.password)

    client.post_json("/auth/logout", {"refresh_token": session.refresh_token})

    assert client.refresh(other.refresh_token).status_code == 200


def test_logout_of_all_ends_every_session_of_the_user(client: Client, person: Person) -> None:
    """`"all": true` ends all sessions of the user, and the user can log in again."""
    one, other = (client.open_session(person.name, person.password) for _ in range(2))

    response = client.post_json("/auth/logout", {"refresh_token": one.refresh_token, "all": True})

    assert response.status_code == 204
    assert_error(client.refresh(one.refresh_token), 400, "invalid_grant")
    assert_error(client.refresh(other.refresh_token), 400, "invalid_grant")
    client.open_session(person.name, person.password)

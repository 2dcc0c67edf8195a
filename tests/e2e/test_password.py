"""POST /auth/password and the operators' changes of accounts, on the deployed stack."""

import pytest
import requests

from local.stack import Stack
from local.tokens import claims_of
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session
from tests.e2e.operator import Operator, Person

NEW_PASSWORD = "a quite different one"


@pytest.fixture
def own(client: Client, person: Person) -> Session:
    """Return the session that sends the requests."""
    return client.open_session(person.name, person.password)


def change(client: Client, session: Session, current: str, new: str = NEW_PASSWORD) -> requests.Response:
    """Ask for a change of password with the session's access token."""
    body = {"current_password": current, "new_password": new}
    return client.post_json("/auth/password", body, session.access_token)


def test_a_user_changes_the_password(client: Client, person: Person, own: Session) -> None:
    """A8, F17: the new password works, the old one does not, other sessions end, and this one goes on."""
    other = client.open_session(person.name, person.password)

    response = change(client, own, person.password)

    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["Cache-Control"] == "no-store"
    assert_error(client.refresh(other.refresh_token), 400, "invalid_grant")
    assert client.refresh(own.refresh_token).status_code == 200
    old = client.post_json("/auth/login", {"username": person.name, "password": person.password})
    assert_error(old, 401, "invalid_credentials")
    client.open_session(person.name, NEW_PASSWORD)


def test_a_wrong_current_password_changes_nothing(client: Client, person: Person, own: Session) -> None:
    """An access token without the current password changes nothing."""
    assert_error(change(client, own, "not the right one at all"), 401, "invalid_credentials")
    client.open_session(person.name, person.password)


def test_a_common_new_password_is_refused_with_the_reason(client: Client, person: Person, own: Session) -> None:
    """P4: the deployed layer has the list of common passwords, and the answer names the broken rule."""
    assert_error(change(client, own, person.password, "1QAZ2WSX3EDC4RFV"), 400, "password_common")


def test_a_request_without_a_token_changes_no_password(client: Client, person: Person) -> None:
    """The route has the authorizer, so a request without a token is a 401."""
    response = client.post_json("/auth/password", {"current_password": person.password, "new_password": NEW_PASSWORD})

    assert_error(response, 401, "invalid_token")
    assert response.headers["WWW-Authenticate"] == "Bearer"


def test_after_a_logout_the_access_token_changes_no_password(client: Client, person: Person, own: Session) -> None:
    """The authorizer may not know of the logout for some seconds, but this route checks the session."""
    client.post_json("/auth/logout", {"refresh_token": own.refresh_token})

    response = change(client, own, person.password)

    assert_error(response, 401, "invalid_token")


def test_without_self_registration_the_route_does_not_exist(client: Client, stack: Stack) -> None:
    """SelfRegistration is false by default, so neither the route nor the function exists."""
    response = client.post_json("/auth/register", {"username": "mallory", "password": "a fine long passphrase"})

    assert_error(response, 404, "not_found")
    resources = stack.clients.cloudformation.describe_stack_resources(StackName="edge-auth")["StackResources"]
    assert "PasswordFunction" in {resource["LogicalResourceId"] for resource in resources}
    assert "RegisterFunction" not in {resource["LogicalResourceId"] for resource in resources}


def test_new_rights_are_in_the_next_tokens(client: Client, operator: Operator, person: Person, own: Session) -> None:
    """Sessions with the old rights end, and the tokens of the next login have the new rights."""
    outcome = operator("set-rights", person.name, "--scope", "notes:read notes:write", "--role", "editor")

    assert outcome.returncode == 0, outcome.stderr
    assert outcome.stdout == "scope: notes:read notes:write; roles: editor; 1 session ended\n"
    assert_error(client.refresh(own.refresh_token), 400, "invalid_grant")
    claims = claims_of(client.open_session(person.name, person.password).access_token)
    assert (claims.scope, claims.roles) == ("notes:read notes:write", ("editor",))


def test_a_deleted_user_is_gone(client: Client, operator: Operator, person: Person, own: Session) -> None:
    """F18: the sessions end, logins are refused, and a new user may get the name."""
    outcome = operator("delete", person.name, "--yes")

    assert (outcome.returncode, outcome.stdout) == (0, "deleted, 1 session ended\n")
    assert_error(client.refresh(own.refresh_token), 400, "invalid_grant")
    gone = client.post_json("/auth/login", {"username": person.name, "password": person.password})
    assert_error(gone, 401, "invalid_credentials")
    assert operator("create", person.name, "--password-stdin", stdin=f"{NEW_PASSWORD}\n").returncode == 0
    session = client.open_session(person.name, NEW_PASSWORD)
    assert claims_of(session.access_token).sub != claims_of(own.access_token).sub

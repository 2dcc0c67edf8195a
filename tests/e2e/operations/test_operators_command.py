"""The operators' command on the running stack."""

import json

from tests.e2e.answers import assert_error
from tests.e2e.client import Client
from tests.e2e.operator import Operator, Person


def test_a_created_user_can_log_in(client: Client, operator: Operator) -> None:
    """A user that the operator creates can log in through the API."""
    outcome = operator("create", "grace", "--password-stdin", stdin="a fine long passphrase\n")

    assert outcome.returncode == 0, outcome.stderr
    assert client.open_session("grace", "a fine long passphrase").session_id


def test_a_taken_name_is_refused_in_one_line(operator: Operator, person: Person) -> None:
    """The exit status is 1, and one line names the user."""
    outcome = operator("create", person.name, "--password-stdin", stdin="another long password\n")

    assert outcome.returncode == 1
    assert outcome.stderr.count("\n") == 1
    assert person.name in outcome.stderr


def test_living_sessions_are_listed(client: Client, operator: Operator, person: Person) -> None:
    """Each living session is one line with a JSON object."""
    ids = {client.open_session(person.name, person.password).session_id for _ in range(2)}

    outcome = operator("sessions", person.name)

    assert outcome.returncode == 0, outcome.stderr
    assert {json.loads(line)["session_id"] for line in outcome.stdout.splitlines()} == ids


def test_ended_sessions_are_dead(client: Client, operator: Operator, person: Person) -> None:
    """The refresh token of a session that the operator ended is refused."""
    session = client.open_session(person.name, person.password)

    outcome = operator("end-sessions", person.name)

    assert outcome.returncode == 0, outcome.stderr
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")


def test_a_disabled_user_is_out_and_an_enabled_one_back(client: Client, operator: Operator, person: Person) -> None:
    """Disabling a user ends the sessions and refuses logins, and enabling allows logins again."""
    session = client.open_session(person.name, person.password)
    credentials = {"username": person.name, "password": person.password}

    assert operator("disable", person.name).returncode == 0

    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")
    assert_error(client.post_json("/auth/login", credentials), 401, "invalid_credentials")
    assert operator("enable", person.name).returncode == 0
    client.open_session(person.name, person.password)


def test_a_new_password_replaces_the_old_one(client: Client, operator: Operator, person: Person) -> None:
    """The old password and the old sessions are refused, and the new password works."""
    session = client.open_session(person.name, person.password)

    assert operator("set-password", person.name, "--password-stdin", stdin="a quite different one\n").returncode == 0

    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")
    old = client.post_json("/auth/login", {"username": person.name, "password": person.password})
    assert_error(old, 401, "invalid_credentials")
    client.open_session(person.name, "a quite different one")

"""What mails prove, on the deployed stack: each function with the rights of its own policy only."""

import time
from collections.abc import Callable

import pytest

from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind
from local.stack import Stack
from tests.e2e.answers import assert_error
from tests.e2e.client import Client
from tests.e2e.conftest import MAIL_DOMAIN, PAGES_URL
from tests.e2e.operator import Person, edge_auth

NEW_PASSWORD = "a quite different one"

Shown = Callable[[Kind], dict[str, str]]


@pytest.fixture
def address(stack: Stack, person: Person) -> str:
    """Give the person a confirmed address, as an operator does, and return it."""
    address = f"{person.name}@{MAIL_DOMAIN}".lower()
    outcome = edge_auth(stack, "users", "set-email", person.name, address, "--confirmed")
    assert (outcome.returncode, outcome.stdout) == (0, f"address: {address}, confirmed\n"), outcome.stderr
    return address


@pytest.fixture
def shown(stack: Stack, person: Person) -> Shown:
    """Return a function that makes the proof of the person's newest challenge, as the mailer does."""
    outputs, clients = stack.outputs, stack.clients
    user_id = DynamoDBIdentities(clients.dynamodb, table=outputs["IdentitiesTable"]).find(person.name).user_id
    challenges = DynamoDBChallenges(clients.dynamodb, table=outputs["ChallengesTable"])
    secret = clients.secretsmanager.get_secret_value(SecretId=outputs["KeyRingSecret"])["SecretString"]
    keys = from_secret_json(secret).at(int(time.time())).mac_keys

    def make(kind: Kind) -> dict[str, str]:
        challenge = challenges.find(kind, user_id)
        return {"proof": proof_token.mint(challenge.proof, keys[challenge.mac_key_id])}

    return make


def test_a_user_resets_a_forgotten_password(client: Client, person: Person, address: str, shown: Shown) -> None:
    """SA1, SM3: 202 for every name, 204 for the proof, and a login with the new password only."""
    assert address
    session = client.open_session(person.name, person.password)
    answers = [client.post_json("/auth/password/reset", {"username": name}) for name in (person.name, "nobody-here")]
    assert [(answer.status_code, answer.content) for answer in answers] == [(202, b"")] * 2

    body = {**shown(Kind.RESET), "new_password": NEW_PASSWORD}
    answer = client.post_json("/auth/password/reset/confirm", body)

    assert (answer.status_code, answer.content) == (204, b"")
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")
    assert_error(
        client.post_json("/auth/login", {"username": person.name, "password": person.password}),
        401,
        "invalid_credentials",
    )
    client.open_session(person.name, NEW_PASSWORD)
    other = client.post_json("/auth/password/reset/confirm", {**body, "new_password": person.password})
    assert_error(other, 400, "invalid_proof")


def test_a_user_changes_the_address_and_the_old_one_undoes_it(
    client: Client, person: Person, address: str, shown: Shown
) -> None:
    """SC5: the routes behind the authorizer, and the public ones that take proofs."""
    session = client.open_session(person.name, person.password)
    new = f"new-{address}"
    body = {"email": new, "current_password": person.password}
    assert client.post_json("/auth/email", body, session.access_token).status_code == 202
    assert_error(client.post_json("/auth/email", body), 401, "invalid_token")

    assert client.post_json("/auth/email/confirm", shown(Kind.CONFIRM)).status_code == 204
    assert client.get("/auth/email", session.access_token).json() == {"email": new, "email_verified": True}

    assert client.post_json("/auth/email/undo", shown(Kind.UNDO)).status_code == 204
    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")
    reset = {**shown(Kind.RESET), "new_password": NEW_PASSWORD}
    assert client.post_json("/auth/password/reset/confirm", reset).status_code == 204
    session = client.open_session(person.name, NEW_PASSWORD)
    assert client.get("/auth/email", session.access_token).json() == {"email": address, "email_verified": True}


def test_an_operator_hands_on_a_link(stack: Stack, client: Client, person: Person) -> None:
    """The command calls a function of the stack, and needs no right on the key ring."""
    outcome = edge_auth(stack, "users", "reset-link", person.name)

    assert outcome.returncode == 0, outcome.stderr
    page, _, proof = outcome.stdout.splitlines()[0].partition("#")
    assert page == f"{PAGES_URL}/reset-password"
    body = {"proof": proof, "new_password": NEW_PASSWORD}
    assert client.post_json("/auth/password/reset/confirm", body).status_code == 204
    client.open_session(person.name, NEW_PASSWORD)


@pytest.mark.parametrize("path", ["/auth/password/reset/confirm", "/auth/email/confirm", "/auth/email/undo"])
def test_a_link_cannot_be_opened_by_get(client: Client, path: str) -> None:
    """SM1: API Gateway has no such route, so a scanner of mails reaches no function."""
    assert_error(client.get(path), 404, "not_found")

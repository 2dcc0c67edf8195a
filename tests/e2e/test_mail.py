"""Mails on the deployed stack: a login writes an item, the stream calls the mailer, and SES has the mail.

MiniStack passes on the stream, with the filter of the template. The mailer has the rights of its own policy only.
"""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
import requests

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import Identity
from edge_auth.adapters.dynamodb.challenges import DynamoDBChallenges
from edge_auth.adapters.dynamodb.identities import DynamoDBIdentities
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof
from edge_auth.tokens.refresh_token import new_id
from local.endpoint import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.stack import Stack
from tests.e2e.client import Client
from tests.e2e.conftest import MAIL_DOMAIN, PAGES_URL
from tests.e2e.operator import Person, edge_auth

PATIENCE_SECONDS = 60  # MiniStack looks at the stream once a second, and a cold function starts on a busy machine

Mails = Callable[[str, int], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def _verified_sender(stack: Stack) -> None:
    """Verify the domain, which the stack does not do."""
    session = boto3.Session(ACCESS_KEY_ID, SECRET_ACCESS_KEY, region_name=REGION)
    session.client("sesv2", endpoint_url=stack.settings.endpoint).create_email_identity(EmailIdentity=MAIL_DOMAIN)


@pytest.fixture
def mails_to(stack: Stack, _verified_sender: None) -> Mails:
    """Return a function that waits until so many mails to an address have left, and returns all of them."""
    outbox = requests.Session()
    outbox.trust_env = False  # no proxy of the environment reaches this machine

    def mails(address: str, count: int) -> list[dict[str, Any]]:
        give_up = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = outbox.get(f"{stack.settings.endpoint}/_ministack/ses/messages", timeout=10).json()
            found = [mail for mails in answer["messages"].values() for mail in mails if mail["To"] == [address]]
            if len(found) >= count:
                return found
            assert time.monotonic() < give_up, f"{len(found)} of {count} mails after {PATIENCE_SECONDS} s"
            time.sleep(0.2)

    return mails


def reachable(stack: Stack, person: Person) -> Identity:
    """Give a person a confirmed address."""
    users = DynamoDBIdentities(stack.clients.dynamodb, table=stack.outputs["IdentitiesTable"])
    user = users.find(person.name)
    changed = replace(user, email=f"{person.name}@{MAIL_DOMAIN}".lower(), email_verified_at_seconds=1)
    users.delete(user)
    users.create(changed)
    return changed


def test_a_login_on_a_new_device_sends_one_mail(stack: Stack, client: Client, person: Person, mails_to: Mails) -> None:
    """The request does not wait for it. A login on the same device sends none."""
    user = reachable(stack, person)
    body = {"username": person.name, "password": person.password}

    first = client.post_json("/auth/login", body).json()
    client.post_json("/auth/login", {**body, "device_token": first["device_token"]})
    client.post_json("/auth/login", body)

    found = mails_to(user.email, 2)
    assert len(found) == 2
    assert "New sign-in at " in str(found[0])


def test_a_challenge_becomes_a_mail_with_a_link_that_the_key_ring_has_made(
    stack: Stack, client: Client, person: Person, mails_to: Mails
) -> None:
    """An item that is not to be delivered, as that of an unknown user, is left out by the filter of the stream."""
    user = reachable(stack, person)
    ring = from_secret_json(
        stack.clients.secretsmanager.get_secret_value(SecretId=stack.outputs["KeyRingSecret"])["SecretString"]
    )
    key = ring.at(int(time.time())).mac
    challenges = DynamoDBChallenges(stack.clients.dynamodb, table=stack.outputs["ChallengesTable"])
    for kind, is_delivered in ((Kind.CONFIRM, False), (Kind.RESET, True)):
        proof = Proof(kind, new_id(secrets.token_bytes), user.user_id, int(time.time()) + 1800, bytes(BINDING_BYTES))
        client.secrets |= {proof_token.mint(proof, key), proof_token.code(proof, key)}
        challenges.put(Challenge(proof, key.key_id, user.username, user.email, "de", is_delivered))

    [mail] = mails_to(user.email, 1)
    assert "Neues Passwort für " in str(mail)
    [token] = set(re.findall(rf"{PAGES_URL}/reset-password#([\w-]+)", str(mail)))
    assert proof_token.parse(token, {key.key_id: key}, Kind.RESET, now_seconds=int(time.time())) == proof
    assert proof_token.code(proof, key) in str(mail)


@pytest.mark.usefixtures("_verified_sender")
def test_an_operator_is_told_whether_mails_arrive(stack: Stack) -> None:
    """With the rights of the stack's policy for operators. MiniStack has no sandbox."""
    outcome = edge_auth(stack, "mail", "check")

    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.endswith("Mails arrive.\n")


@pytest.mark.parametrize("way", ["link", "code"])
def test_a_forgotten_password_is_set_with_what_the_mail_has(
    stack: Stack, client: Client, person: Person, mails_to: Mails, way: str
) -> None:
    """SM1: from the question to the login, through every function on the way. A notice of it follows."""
    user = reachable(stack, person)
    new = secrets.token_urlsafe(18)
    assert client.post_json("/auth/password/reset", {"username": person.name}).status_code == 202

    [mail] = mails_to(user.email, 1)
    [token] = set(re.findall(rf"{PAGES_URL}/reset-password#([\w-]+)", mail["BodyText"]))
    [code] = re.findall(r"^([0-9]{8})$", mail["BodyText"], re.MULTILINE)
    client.secrets |= {token, code}
    shown = {"proof": token} if way == "link" else {"username": person.name, "code": code}
    assert client.post_json("/auth/password/reset/confirm", {**shown, "new_password": new}).status_code == 204

    assert client.post_json("/auth/login", {"username": person.name, "password": person.password}).status_code == 401
    assert client.post_json("/auth/login", {"username": person.name, "password": new}).status_code == 200
    subjects = [each["Subject"].partition(" at ")[0] for each in mails_to(user.email, 3)]
    assert subjects == [mail["Subject"].partition(" at ")[0], "Your password", "New sign-in"]

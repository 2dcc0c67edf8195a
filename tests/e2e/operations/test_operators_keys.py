"""`./edge-auth keys …` on the deployed stack: the effects on the key ring and on clients."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import boto3
import pytest

from edge_auth import base64url
from edge_auth.keys import signing_key
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from local.endpoint import REGION
from local.stack import Stack
from local.tokens import claims_of
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session
from tests.e2e.operator import Person, edge_auth

Keys = Callable[..., subprocess.CompletedProcess[str]]
DeployedKeys = Callable[[], dict[str, dict[str, Any]]]
REPLACE_SECONDS = 480


@pytest.fixture
def keys(stack: Stack) -> Keys:
    """Return a function that runs `./edge-auth keys` on this stack and checks its success."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        outcome = edge_auth(stack, "keys", *arguments)
        assert outcome.returncode == 0, outcome.stderr
        return outcome

    return run


@pytest.fixture
def ring(stack: Stack) -> Callable[[], KeyRing]:
    """Return a function that reads the key ring from the secret."""

    def read() -> KeyRing:
        secret = stack.clients.secretsmanager.get_secret_value(SecretId=stack.outputs["KeyRingSecret"])
        return from_secret_json(secret["SecretString"])

    return read


@pytest.fixture
def deployed(stack: Stack) -> Iterator[DeployedKeys]:
    """Yield a function that reads the public keys in the authorizer's environment, by their ids."""
    lambda_client = boto3.client(
        "lambda",
        endpoint_url=stack.settings.endpoint,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )

    def read() -> dict[str, dict[str, Any]]:
        name = stack.outputs["AuthorizerFunctionArn"]
        variables = lambda_client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        return {key["kid"]: key for key in json.loads(variables["JWKS"])["keys"]}

    with closing(lambda_client):
        yield read


def kid_of(access_token: str) -> str:
    """Return the id of the token's signing key."""
    return str(json.loads(base64url.decode(access_token.split(".", maxsplit=1)[0]))["kid"])


def kids(ring: KeyRing) -> list[str]:
    """Return the ids of a ring's signing keys."""
    return [timed.key.kid for timed in ring.signing]


def test_show_lists_every_key_and_shows_none(keys: Keys, ring: Callable[[], KeyRing]) -> None:
    """The output has the ids of all keys in the secret, and no secret part of a key."""
    now = ring()

    outcome = keys("show")

    listed = [line.split()[0] for line in outcome.stdout.splitlines() if " (" in line]
    assert listed == [*kids(now), *(base64url.encode(timed.key.key_id) for timed in now.mac)]
    secrets = {timed.key.jwk["d"] for timed in now.signing} | {base64url.encode(timed.key.secret) for timed in now.mac}
    assert [secret for secret in secrets if secret in outcome.stdout + outcome.stderr] == []


def test_rotate_brings_the_next_keys_forward_and_no_client_notices(
    client: Client, person: Person, keys: Keys, ring: Callable[[], KeyRing]
) -> None:
    """F15: a next key that was public only for seconds signs in a day instead of in a month."""
    keys("replace", "--at-once", "--yes")
    before = ring()
    session = client.open_session(person.name, person.password)

    summary = json.loads(keys("rotate", "--json").stdout)

    after = ring()
    assert kids(after) == kids(before)
    upcoming = after.signing[-1]
    assert upcoming.signs_from_seconds == upcoming.published_at_seconds + 86_400
    assert upcoming.signs_from_seconds < before.signing[-1].signs_from_seconds
    assert summary["signing"][-1]["signs_from"] == upcoming.signs_from_seconds
    assert client.get("/me", session.access_token).status_code == 200


def test_publish_hands_the_authorizer_the_ring_of_now_once(
    keys: Keys, ring: Callable[[], KeyRing], deployed: DeployedKeys
) -> None:
    """Z13: a cold authorizer has all keys and their ends in its environment, so it needs no call for them."""
    keys("rotate")

    first, second = keys("publish"), keys("publish")

    expected = ring().at(int(time.time())).jwks()["keys"]
    held = list(deployed().values())
    assert [{**key, **public} for key, public in zip(held, expected, strict=True)] == held
    assert first.stdout.endswith("Updated: the authorizers have the current public keys.\n")
    assert second.stdout.endswith("Nothing to update: the authorizers already have the current public keys.\n")


def test_replaced_keys_end_when_all_know_the_new_one(
    client: Client, session: Session, keys: Keys, ring: Callable[[], KeyRing], deployed: DeployedKeys
) -> None:
    """K3, F15: the old keys sign and verify until their end, and every copy has the same second as their end."""
    old = kid_of(session.access_token)

    summary = json.loads(keys("replace", "--yes", "--json").stdout)

    end = {key["kid"]: key["ends_at"] for key in summary["signing"]}[old]
    assert 0 <= summary["now"] + REPLACE_SECONDS - end <= 5  # the summary is made some time after the act
    assert {timed.key.kid: timed.ends_at_seconds for timed in ring().signing}[old] == end
    published = {key["kid"]: key for key in client.get("/.well-known/jwks.json").json()["keys"]}
    for public in (deployed(), published):
        assert public[old]["exp"] == end
        assert summary["signing"][-1]["kid"] in public
    assert client.get("/me", session.access_token).status_code == 200
    refreshed = client.refresh(session.refresh_token).json()
    assert client.get("/me", refreshed["access_token"]).status_code == 200


def test_a_key_that_is_replaced_at_once_opens_nothing_any_more(
    client: Client, person: Person, keys: Keys, ring: Callable[[], KeyRing], deployed: DeployedKeys
) -> None:
    """K3: earlier tokens and an attacker's tokens under the leaked key are refused, also after the issuer is asked.

    Sessions go on, and new tokens are accepted at once.
    """
    session = client.open_session(person.name, person.password)
    leaked = ring().at(int(time.time())).signing
    assert leaked.kid == kid_of(session.access_token)
    assert client.get("/me", session.access_token).status_code == 200

    keys("replace", "--at-once", "--yes")

    assert leaked.kid not in deployed()
    assert leaked.kid not in {key["kid"] for key in client.get("/.well-known/jwks.json").json()["keys"]}
    assert_error(client.get("/me", session.access_token), 401, "invalid_token")
    stranger = SigningKey("ES256", signing_key.generate("ES256"))
    assert_error(client.get("/me", issue(claims_of(session.access_token), stranger)), 401, "invalid_token")
    assert_error(client.get("/me", issue(claims_of(session.access_token), leaked)), 401, "invalid_token")

    refreshed = client.refresh(session.refresh_token)
    assert refreshed.status_code == 200, refreshed.text
    again = client.open_session(person.name, person.password)
    for access_token in (refreshed.json()["access_token"], again.access_token):
        assert kid_of(access_token) in deployed()
        assert client.get("/me", access_token).status_code == 200


def test_replacing_the_mac_keys_ends_every_session(client: Client, person: Person, keys: Keys) -> None:
    """F16: refresh tokens under the old MAC keys are refused, and a new session works."""
    session = client.open_session(person.name, person.password)

    keys("replace", "--at-once", "--end-sessions", "--yes")

    assert_error(client.refresh(session.refresh_token), 400, "invalid_grant")
    assert_error(client.get("/me", session.access_token), 401, "invalid_token")
    again = client.open_session(person.name, person.password)
    refreshed = client.refresh(again.refresh_token)
    assert refreshed.status_code == 200, refreshed.text
    assert client.get("/me", refreshed.json()["access_token"]).status_code == 200


def test_a_replacement_is_in_the_log_that_the_alarm_watches(stack: Stack) -> None:
    """A16: the log has the events that `KeysReplacedAlarm` counts, and each says whether the sessions ended."""
    pages = stack.clients.logs.get_paginator("filter_log_events").paginate(
        logGroupName="/aws/lambda/edge-auth-rotate-keys"
    )
    messages = [event["message"] for page in pages for event in page["events"]]

    replaced = [json.loads(message) for message in messages if '"keys_replaced"' in message]
    assert {event["reason"] for event in replaced} == {"sessions_kept", "sessions_ended"}

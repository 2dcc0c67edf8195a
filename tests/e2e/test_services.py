"""Services elsewhere that verify our tokens with the published keys: the examples for Python, Node, Go and Java."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import jwt
import pytest

from edge_auth.keys import signing_key
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims
from local import tokens
from local.stack import Stack
from tests.e2e import services
from tests.e2e.client import Client, Session
from tests.e2e.issuer import BROKEN, LIFETIME_SECONDS, Issuer, listening
from tests.e2e.services import Answer, Call
from tests.e2e.verifiers.libraries import NODE, PACKAGES

Start = Callable[[str, Path], AbstractContextManager[Call]]

HAS_EXPRESS = NODE.exists() and (PACKAGES / "express").exists()
# A build of these takes minutes, and needs the ecosystem of each.
ASKED = "EDGE_AUTH_SERVICES" in os.environ
OK = Answer(200, None)
INVALID = Answer(401, "invalid_token")
UNKNOWN = Answer(503, None, "1")
KEYS_WITHIN_SECONDS = 90  # the example for Go reads the keys each minute


@pytest.fixture(autouse=True)
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the services reach this machine without a proxy."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(
    params=[
        services.on_fastapi,
        services.on_flask,
        pytest.param(
            services.on_express,
            marks=pytest.mark.skipif(not HAS_EXPRESS and "CI" not in os.environ, reason="express could not be fetched"),
        ),
        pytest.param(services.on_go, marks=pytest.mark.skipif(not ASKED, reason="EDGE_AUTH_SERVICES=1 builds it")),
        pytest.param(services.on_spring, marks=pytest.mark.skipif(not ASKED, reason="EDGE_AUTH_SERVICES=1 builds it")),
    ],
    ids=lambda start: start.__name__.removeprefix("on_"),
)
def start(request: pytest.FixtureRequest) -> Start:
    """Return what starts a service."""
    start: Start = request.param
    return start


@pytest.fixture
def call(start: Start, client: Client, tmp_path: Path) -> Iterator[Call]:
    """Yield a service that verifies the tokens of the local stack."""
    with start(client.base_url, tmp_path) as call:
        yield call


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """Yield an issuer of the test's own."""
    with listening() as issuer:
        yield issuer


def of_type(claims: AccessClaims, key: SigningKey, typ: str) -> str:
    """Return a token of the deployment's own key with another `typ`."""
    return jwt.encode(claims.payload(), key.private_key, key.alg, {"kid": key.kid, "typ": typ})


def test_a_service_accepts_our_tokens_and_no_others(call: Call, session: Session, stack: Stack) -> None:
    """It checks signature, issuer, audience, time, type and scope, and answers with the challenges of RFC 6750."""
    secret = stack.clients.secretsmanager.get_secret_value(SecretId=stack.outputs["KeyRingSecret"])
    key = from_secret_json(secret["SecretString"]).at(int(time.time())).signing
    claims = tokens.claims_of(session.access_token)
    refused = {
        "no token": "x",
        "a forged token": tokens.forged(session.access_token),
        "an expired token": tokens.expired(session.access_token, key),
        "another audience": issue(claims._replace(aud="https://other.example.com"), key),
        "another issuer": issue(claims._replace(iss="https://other.example.com"), key),
        "another key": issue(claims, SigningKey("ES256", signing_key.generate("ES256"))),
        "another type": of_type(claims, key, "JWT"),
        "no type": of_type(claims, key, ""),
        "a refresh token": session.refresh_token,
    }

    assert call(f"Bearer {session.access_token}") == OK
    assert {name: call(f"Bearer {token}") for name, token in refused.items()} == dict.fromkeys(refused, INVALID)
    assert call("") == Answer(401, "")
    assert call(f"Bearer {issue(claims._replace(scope='notes'), key)}") == Answer(403, "insufficient_scope")


def test_without_keys_no_token_is_called_invalid(start: Start, issuer: Issuer, tmp_path: Path) -> None:
    """Nothing is known about it then: 503 with Retry-After and no challenge, until the issuer gives the keys."""
    issuer.reply = BROKEN["no answer"]
    with start(issuer.url, tmp_path) as call:
        token, answers = issuer.token(), {}
        for name, reply in BROKEN.items():
            issuer.reply = reply
            answers[name] = call(f"Bearer {token}")

        assert answers == dict.fromkeys(BROKEN, UNKNOWN)
        assert call("Bearer x") == INVALID
        assert call("") == Answer(401, "")

        issuer.reply = issuer.keys
        deadline = time.monotonic() + KEYS_WITHIN_SECONDS
        while call(f"Bearer {token}") == UNKNOWN and time.monotonic() < deadline:
            time.sleep(0.5)
        assert call(f"Bearer {token}") == OK
        assert call(f"Bearer {tokens.forged(token)}") == INVALID


def test_clocks_may_differ_by_a_few_seconds(start: Start, issuer: Issuer, tmp_path: Path) -> None:
    """A service whose clock is three seconds behind accepts a fresh token. One that has ended long ago is refused."""
    with start(issuer.url, tmp_path) as call:
        assert call(f"Bearer {issuer.token()}") == OK
        assert call(f"Bearer {issuer.token(age_seconds=-3)}") == OK
        assert call(f"Bearer {issuer.token(age_seconds=LIFETIME_SECONDS + 1)}") == OK
        assert call(f"Bearer {issuer.token(age_seconds=LIFETIME_SECONDS + 30)}") == INVALID

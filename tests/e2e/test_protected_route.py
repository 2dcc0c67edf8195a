"""GET /me on the deployed stack, where API Gateway calls the authorizer."""

import time

import pytest

from edge_auth.keys import signing_key
from edge_auth.keys.ring_document import from_secret_json
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from local import tokens
from local.stack import Stack
from local.tokens import claims_of
from tests.e2e.answers import assert_error
from tests.e2e.client import Client, Session

CHALLENGE = "WWW-Authenticate"
INVALID = 'Bearer error="invalid_token"'


@pytest.fixture
def key(stack: Stack) -> SigningKey:
    """Return the deployment's signing key."""
    secret = stack.clients.secretsmanager.get_secret_value(SecretId=stack.outputs["KeyRingSecret"])
    return from_secret_json(secret["SecretString"]).at(int(time.time())).signing


def test_a_valid_token_reaches_the_function_with_its_claims(client: Client, session: Session) -> None:
    """The function gets the claims of the caller from the authorizer."""
    response = client.get("/me", session.access_token)

    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    claims, body = claims_of(session.access_token), response.json()
    assert (body["sub"], body["sid"], body["jti"]) == (claims.sub, session.session_id, claims.jti)
    assert (body["scope"], body["roles"]) == ("notes:read", "member")


def test_no_token_is_a_401_whose_challenge_has_no_error(client: Client) -> None:
    """RFC 6750 §3.1: a request without credentials gets no error code in its challenge."""
    response = client.get("/me")

    assert_error(response, 401, "invalid_token")
    assert response.headers[CHALLENGE] == "Bearer"


def test_a_forged_token_is_a_401_with_the_error(client: Client, session: Session) -> None:
    """Another user's name under the old signature is refused."""
    response = client.get("/me", tokens.forged(session.access_token))

    assert_error(response, 401, "invalid_token")
    assert response.headers[CHALLENGE] == INVALID


def test_an_expired_token_is_a_401_with_the_error(client: Client, session: Session, key: SigningKey) -> None:
    """A token that expired an hour ago is refused, although the deployment's own key signed it."""
    response = client.get("/me", tokens.expired(session.access_token, key))

    assert_error(response, 401, "invalid_token")
    assert response.headers[CHALLENGE] == INVALID


def test_a_token_of_a_foreign_key_is_a_401_with_the_error(client: Client, session: Session) -> None:
    """A token with the same claims under a foreign key is refused."""
    claims = claims_of(session.access_token)
    foreign = SigningKey("ES256", signing_key.generate("ES256"))

    response = client.get("/me", issue(claims, foreign))

    assert_error(response, 401, "invalid_token")
    assert response.headers[CHALLENGE] == INVALID


@pytest.mark.parametrize("value", ["Bearer", "Basic YWRhOng=", "Bearer a b", "Bearer x.y.z"])
def test_other_credentials_are_a_401_with_the_error(client: Client, value: str) -> None:
    """An Authorization header without one bearer token is refused."""
    response = client.get_with("/me", {"Authorization": value})

    assert_error(response, 401, "invalid_token")
    assert response.headers[CHALLENGE] == INVALID


def test_a_refresh_token_is_no_access_token(client: Client, session: Session) -> None:
    """A refresh token is refused in the place of an access token."""
    assert_error(client.get("/me", session.refresh_token), 401, "invalid_token")

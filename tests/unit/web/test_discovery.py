"""The public documents."""

import json
from typing import Any

import pytest

from edge_auth.tokens.jwk import PRIVATE_MEMBERS
from edge_auth.tokens.keyring import KeyRing
from edge_auth.tokens.refresh import MacKey
from edge_auth.web.discovery import authorization_server_response, jwks_response, openid_configuration_response
from edge_auth.web.response import Response
from tests.unit.access_tokens import ISSUER, key


@pytest.fixture
def ring() -> KeyRing:
    """Return a ring in the middle of a change of algorithm."""
    return KeyRing(
        signing=key("ES256"),
        next=key("EdDSA"),
        retired=(key("RS256"),),
        mac=MacKey(b"mac-1", b"1" * 32),
        previous_mac=None,
    )


def document_of(response: Response) -> dict[str, Any]:
    """Return the document as it is sent, cacheable and with status 200."""
    event = response.to_event()
    assert event["statusCode"] == 200
    headers = event["headers"]
    assert isinstance(headers, dict)
    assert headers["Cache-Control"] == "public, max-age=300"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    document: dict[str, Any] = json.loads(str(event["body"]))
    return document


def test_the_key_set_is_published(ring: KeyRing) -> None:
    """Every verifying key, cacheable for less than the time before a next key signs, nothing private (K1)."""
    keys = document_of(jwks_response(ring))["keys"]
    assert [jwk["kid"] for jwk in keys] == [key("ES256").kid, key("EdDSA").kid, key("RS256").kid]
    assert not any(PRIVATE_MEMBERS & jwk.keys() for jwk in keys)


def test_the_metadata_names_issuer_and_endpoints() -> None:
    """RFC 8414 §2: the issuer is the `iss` of the tokens, character for character (K4)."""
    document = document_of(authorization_server_response(ISSUER))
    assert document["issuer"] == ISSUER
    assert document["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"
    assert document["token_endpoint"] == f"{ISSUER}/auth/refresh"
    assert document["revocation_endpoint"] == f"{ISSUER}/auth/logout"


def test_the_metadata_promises_no_password_grant() -> None:
    """A login is not a grant; clients have no secret (DC-8)."""
    document = document_of(authorization_server_response(ISSUER))
    assert document["grant_types_supported"] == ["refresh_token"]
    assert document["token_endpoint_auth_methods_supported"] == ["none"]
    assert document["revocation_endpoint_auth_methods_supported"] == ["none"]
    assert document["response_types_supported"] == ["none"]


def test_openid_configuration_is_the_same_and_names_the_algorithms(ring: KeyRing) -> None:
    """API Gateway's native authorizer looks here; all published keys' algorithms are named."""
    document = document_of(openid_configuration_response(ISSUER, ring))
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "EdDSA", "RS256"]
    assert document["subject_types_supported"] == ["public"]
    assert document_of(authorization_server_response(ISSUER)).items() <= document.items()

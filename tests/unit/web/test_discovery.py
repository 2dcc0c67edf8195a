"""The public documents: the key set and the metadata."""

import pytest

from edge_auth.keys.jwk import PRIVATE_MEMBERS
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce, TimedKey
from edge_auth.web.discovery import authorization_server_metadata, openid_configuration
from tests.support.access_tokens import ISSUER, NOW, key

MAC = MacKey(b"mac-1", b"1" * 32)


@pytest.fixture
def keys() -> KeysInForce:
    """Return the keys in force in the middle of a change of algorithm."""
    signing = TimedKey(key("ES256"), NOW, NOW, NOW + 1)
    return KeysInForce(
        verifying=(signing, TimedKey(key("EdDSA"), NOW, NOW + 1), TimedKey(key("RS256"), NOW - 1, NOW - 1, NOW + 2)),
        mac=MAC,
        mac_keys={MAC.key_id: MAC},
    )


def test_the_key_set_is_published(keys: KeysInForce) -> None:
    """The set has every verifying key and no private member (K1). A key has `exp` if its end is known."""
    published = keys.jwks()["keys"]
    assert [jwk["kid"] for jwk in published] == [key("ES256").kid, key("EdDSA").kid, key("RS256").kid]
    assert [jwk.get("exp") for jwk in published] == [NOW + 1, None, NOW + 2]
    assert not any(PRIVATE_MEMBERS & jwk.keys() for jwk in published)


def test_the_metadata_names_issuer_and_endpoints() -> None:
    """RFC 8414 §2: the issuer equals the `iss` of the tokens, character for character (K4)."""
    document = authorization_server_metadata(ISSUER)
    assert document["issuer"] == ISSUER
    assert document["jwks_uri"] == f"{ISSUER}/.well-known/jwks.json"
    assert document["token_endpoint"] == f"{ISSUER}/auth/refresh"
    assert document["revocation_endpoint"] == f"{ISSUER}/auth/logout"


def test_the_metadata_promises_no_password_grant() -> None:
    """A login is not an OAuth grant, and clients have no secret (DC-8)."""
    document = authorization_server_metadata(ISSUER)
    assert document["grant_types_supported"] == ["refresh_token"]
    assert document["token_endpoint_auth_methods_supported"] == ["none"]
    assert document["revocation_endpoint_auth_methods_supported"] == ["none"]
    assert document["response_types_supported"] == ["none"]


def test_openid_configuration_is_the_same_and_names_the_algorithms(keys: KeysInForce) -> None:
    """API Gateway's native authorizer reads this document. It names the algorithms of all published keys."""
    document = openid_configuration(ISSUER, keys)
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "EdDSA", "RS256"]
    assert document["subject_types_supported"] == ["public"]
    assert authorization_server_metadata(ISSUER).items() <= document.items()

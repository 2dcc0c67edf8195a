"""The public documents: the key set and the metadata."""

import json
from typing import Any

import pytest

from edge_auth.keys.jwk import PRIVATE_MEMBERS
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce, TimedKey
from edge_auth.keys.timing import MIN_PUBLISH_SECONDS
from edge_auth.web.discovery import authorization_server_metadata, cacheable_response, openid_configuration
from edge_auth.web.response import Response
from tests.support.access_tokens import ISSUER, NOW, key

MAC = MacKey(b"mac-1", b"1" * 32)
DOCUMENT = {"issuer": ISSUER}
OTHER = {"issuer": "https://other.example.com"}


@pytest.fixture
def keys() -> KeysInForce:
    """Return the keys in force in the middle of a change of algorithm."""
    signing = TimedKey(key("ES256"), NOW, NOW, NOW + 1)
    return KeysInForce(
        verifying=(signing, TimedKey(key("EdDSA"), NOW, NOW + 1), TimedKey(key("RS256"), NOW - 1, NOW - 1, NOW + 2)),
        mac=MAC,
        mac_keys={MAC.key_id: MAC},
    )


def headers_of(response: Response) -> dict[str, str]:
    """Return the headers as they are sent."""
    headers = response.to_event()["headers"]
    assert isinstance(headers, dict)
    return headers


def tag_of(document: dict[str, Any]) -> str:
    """Return a document's entity tag."""
    return headers_of(cacheable_response(document, ""))["ETag"]


def status_of(if_none_match: str) -> int:
    """Return the status for a client that sends this `If-None-Match` header."""
    return cacheable_response(DOCUMENT, if_none_match).status


def test_a_document_is_cacheable_for_less_than_keys_are_published_before_they_sign() -> None:
    """K1, K3: caches keep a document for one minute, so they soon forget a key after an emergency replacement."""
    response = cacheable_response(DOCUMENT, "")
    event, headers = response.to_event(), headers_of(response)

    assert event["statusCode"] == 200
    assert json.loads(str(event["body"])) == DOCUMENT
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["Cache-Control"] == "public, max-age=60"
    assert MIN_PUBLISH_SECONDS > 60


def test_the_same_document_has_the_same_tag_and_another_another() -> None:
    """The tag is strong (RFC 9110 §8.8.3): it depends on the exact bytes, so the order of members counts."""
    assert tag_of(DOCUMENT) == tag_of(dict(DOCUMENT)) != tag_of(OTHER)
    assert tag_of({"a": 1, "b": 2}) != tag_of({"b": 2, "a": 1})
    assert tag_of(DOCUMENT)[0] == tag_of(DOCUMENT)[-1] == '"'
    assert len(tag_of(DOCUMENT)) == 34


@pytest.mark.parametrize("form", ["{}", "W/{}", " {} ", '"x", {}', '{},"x"', 'W/"x" , W/{}', "*", '"x",*'])
def test_a_client_that_has_the_document_gets_no_body(form: str) -> None:
    """RFC 9110 §13.1.2, §15.4.5: tags compare weakly, one match is enough, and the caching headers are sent again."""
    response = cacheable_response(DOCUMENT, form.format(tag_of(DOCUMENT)))
    event = response.to_event()

    assert (event["statusCode"], event["body"]) == (304, "")
    assert headers_of(response).items() >= {"ETag": tag_of(DOCUMENT), "Cache-Control": "public, max-age=60"}.items()
    assert "Content-Type" not in headers_of(response)


@pytest.mark.parametrize(
    "form", ["", '""', '"x"', "{:.20}", "w/{}", "W/ {}", "{}{}", "x{}", "{} x", "**", ",", ", ,", "\x00"]
)
def test_a_client_that_has_anything_else_gets_the_document(form: str) -> None:
    """A malformed or unknown tag is no error: the client gets the whole document."""
    tag = tag_of(DOCUMENT)

    assert status_of(form.format(tag, tag)) == 200
    assert status_of(tag_of(OTHER)) == 200
    assert status_of(tag.strip('"')) == 200


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

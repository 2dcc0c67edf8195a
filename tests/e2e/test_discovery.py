"""The public documents of the deployed stack."""

import pytest

from edge_auth.keys.jwk import PRIVATE_MEMBERS
from tests.e2e.client import Client, Session

DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def test_the_key_set_is_public_and_cacheable(client: Client) -> None:
    """The key set has the signing key and the next key, without private members."""
    response = client.get("/.well-known/jwks.json")

    assert response.status_code == 200
    assert "max-age" in response.headers["Cache-Control"]
    keys = response.json()["keys"]
    assert len({key["kid"] for key in keys}) == 2
    assert all(not PRIVATE_MEMBERS & key.keys() for key in keys)


@pytest.mark.parametrize("path", ["/.well-known/jwks.json", *DOCUMENTS])
def test_head_has_the_headers_of_get(client: Client, path: str) -> None:
    """RFC 9110 §9.3.2: a check without a download answers like a download, without content."""
    got, headed = client.get(path), client.send("HEAD", path, {})

    assert (headed.status_code, headed.content) == (200, b"")
    for name in ("Content-Type", "Cache-Control", "ETag", "Strict-Transport-Security", "X-Content-Type-Options"):
        assert headed.headers[name] == got.headers[name], name


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_discovery_document_names_addresses_that_answer(client: Client, session: Session, path: str) -> None:
    """RFC 8414 §3.3: the issuer is the address that was asked, and each named endpoint answers."""
    response = client.get(path)
    assert response.status_code == 200
    assert "max-age" in response.headers["Cache-Control"]
    document = response.json()
    assert document["issuer"] == client.base_url

    jwks, token, revocation = (
        document[name].removeprefix(client.base_url) for name in ("jwks_uri", "token_endpoint", "revocation_endpoint")
    )

    assert client.get(jwks).status_code == 200
    form = {"grant_type": "refresh_token", "refresh_token": session.refresh_token}
    assert client.post_form(token, form).status_code == 200
    assert client.post_form(revocation, {"token": session.refresh_token}).status_code == 200

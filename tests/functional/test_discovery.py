"""Each member of the discovery documents is true: what it names is there, and what it leaves out is not."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.test import Client

from edge_auth.base64url import decode
from edge_auth.strict_json import json_object
from tests.support.http_gateway import HttpGateway
from tests.support.people import ADA_ID, PASSWORD, key_ring
from tests.support.sample_events import ISSUER, STAGE
from tests.support.stack import Stack
from tests.support.template import properties

Document = dict[str, Any]
ADDRESSES = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


class Site:
    """The API over HTTP, a session of ada, and one of the documents."""

    def __init__(self, stack: Stack, address: str) -> None:
        """Log in, and fetch the document."""
        self.client = Client(HttpGateway(stack))
        login = self.client.post(f"/{STAGE}/auth/login", json={"username": "ada", "password": PASSWORD})
        self.tokens: Document = json.loads(login.data)
        stack.secrets.keep_tokens(self.tokens)
        self.document = self.get(f"/{STAGE}{address}")

    def get(self, path: str) -> Document:
        """Return a public document."""
        document: Document = json.loads(self.client.get(path).data)
        return document

    def path(self, member: str) -> str:
        """Return the path of an address in the document."""
        address = str(self.document[member])
        assert address.startswith(f"{ISSUER}/")
        return f"/{STAGE}{address.removeprefix(ISSUER)}"

    def claims(self) -> Document:
        """Return the claims of the access token."""
        return json_object(decode(self.tokens["access_token"].split(".")[1]))

    def refresh(self, grant_type: str) -> tuple[int, str]:
        """Ask the token endpoint without credentials of a client; return the status and the error."""
        form = {"grant_type": grant_type, "refresh_token": self.tokens["refresh_token"], "code": "x", "username": "ada"}
        answer = self.client.post(self.path("token_endpoint"), data=form)
        return answer.status_code, json.loads(answer.data).get("error", "")


def issuer(site: Site) -> None:
    """RFC 8414 §3.3: it is the issuer of the tokens, and the address under which the document was found."""
    assert site.document["issuer"] == ISSUER == site.claims()["iss"]


def jwks_uri(site: Site) -> None:
    """The key set there has the key of the access token."""
    kids = {key["kid"] for key in site.get(site.path("jwks_uri"))["keys"]}
    assert json_object(decode(site.tokens["access_token"].split(".")[0]))["kid"] in kids


def token_endpoint(site: Site) -> None:
    """A refresh there is answered with tokens; a client has no secret."""
    assert site.document["token_endpoint_auth_methods_supported"] == ["none"]
    assert site.refresh("refresh_token") == (200, "")


def grant_types_supported(site: Site) -> None:
    """The listed type is answered, and no other is."""
    assert site.document["grant_types_supported"] == ["refresh_token"]
    for other in (
        "password",
        "authorization_code",
        "client_credentials",
        "urn:ietf:params:oauth:grant-type:device_code",
    ):
        assert site.refresh(other) == (400, "unsupported_grant_type")


def response_types_supported(site: Site) -> None:
    """RFC 8414 §2 requires the member, §3.2 forbids an empty list, and no endpoint could answer a response type."""
    assert site.document["response_types_supported"] == ["none"]
    assert "authorization_endpoint" not in site.document
    assert site.client.get(f"/{STAGE}/authorize?response_type=none").status_code == 404


def revocation_endpoint(site: Site) -> None:
    """A revocation there is answered with 200 and ends the session; a client has no secret."""
    assert site.document["revocation_endpoint_auth_methods_supported"] == ["none"]
    answer = site.client.post(site.path("revocation_endpoint"), data={"token": site.tokens["refresh_token"]})
    assert (answer.status_code, answer.data) == (200, b"")
    assert site.refresh("refresh_token") == (400, "invalid_grant")


def subject_types_supported(site: Site) -> None:
    """OpenID Connect Core 1.0 §8: a public subject is the same for every client."""
    assert site.document["subject_types_supported"] == ["public"]
    assert site.claims()["sub"] == ADA_ID


def id_token_signing_alg_values_supported(site: Site) -> None:
    """The algorithms are those of the published keys. No ID token is issued."""
    keys = site.get(site.path("jwks_uri"))["keys"]
    assert site.document["id_token_signing_alg_values_supported"] == sorted({key["alg"] for key in keys})
    assert "id_token" not in site.tokens


PROOFS: dict[str, Callable[[Site], None]] = {
    "issuer": issuer,
    "jwks_uri": jwks_uri,
    "token_endpoint": token_endpoint,
    "token_endpoint_auth_methods_supported": token_endpoint,
    "grant_types_supported": grant_types_supported,
    "response_types_supported": response_types_supported,
    "revocation_endpoint": revocation_endpoint,
    "revocation_endpoint_auth_methods_supported": revocation_endpoint,
    "subject_types_supported": subject_types_supported,
    "id_token_signing_alg_values_supported": id_token_signing_alg_values_supported,
}
OPENID_ONLY = {"subject_types_supported", "id_token_signing_alg_values_supported"}


@pytest.mark.parametrize("alg", ["ES256", "RS256"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_each_member_is_true(stack: Stack, address: str, alg: str) -> None:
    """K4, DC-8: every member has a proof above, so a new member needs one."""
    stack.make_key_ring(key_ring(alg))
    site = Site(stack, address)

    expected = PROOFS.keys() if "openid" in address else PROOFS.keys() - OPENID_ONLY
    assert site.document.keys() == expected
    for proof in sorted(
        {PROOFS[member] for member in expected} - {revocation_endpoint}, key=lambda proof: proof.__name__
    ):
        proof(site)
    revocation_endpoint(site)  # last, because it ends the session


def test_the_path_of_the_default_issuer_is_the_stage() -> None:
    """RFC 8414 §3.1 puts the document before that path, where no route of a stage can be; the guide says so."""
    assert properties("Api")["StageName"] == STAGE
    assert ISSUER.endswith(f"amazonaws.com/{STAGE}")

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet, import_key

from tests.support.access_tokens import AUDIENCE
from tests.support.answers import JSON_TYPE, NOT_FOUND, PUBLIC_HEADERS, UNAVAILABLE, error, method_not_allowed
from tests.support.people import ADA_ID, PASSWORD, key_ring
from tests.support.sample_events import ISSUER, login_event, sample
from tests.support.stack import Function, Stack
from tests.support.wire import Fault, lost_request, no_connection, raw_answer, refusal

ROUTES = ["jwks", "openid-configuration", "oauth-authorization-server"]
DISCOVERY = ROUTES[1:]
CACHEABLE = {**PUBLIC_HEADERS, "Cache-Control": "public, max-age=60", "Content-Type": JSON_TYPE}
PUBLIC_MEMBERS = {
    "ES256": {"kty", "crv", "x", "y", "alg", "kid", "use"},
    "RS256": {"kty", "n", "e", "alg", "kid", "use"},
    "EdDSA": {"kty", "crv", "x", "alg", "kid", "use"},
}
THUMBPRINT_MEMBERS = {"EC": ["crv", "kty", "x", "y"], "RSA": ["e", "kty", "n"], "OKP": ["crv", "kty", "x"]}
OUTAGES = [
    no_connection,
    lost_request,
    refusal("ThrottlingException"),
    refusal("AccessDeniedException"),
    refusal("DecryptionFailure"),
    refusal("ResourceNotFoundException"),
    refusal("InternalServiceError", 500),
    raw_answer(b"<html>502</html>", 502),
]


@pytest.fixture
def jwks(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("jwks")


def thumbprint(jwk: dict[str, str]) -> str:
    """Compute a thumbprint as RFC 7638 §3 describes it."""
    members = ",".join(f'"{name}":"{jwk[name]}"' for name in THUMBPRINT_MEMBERS[jwk["kty"]])
    return urlsafe_b64encode(hashlib.sha256(f"{{{members}}}".encode()).digest()).rstrip(b"=").decode()


def metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata of RFC 8414 that the service publishes."""
    return {
        "issuer": issuer,
        "jwks_uri": f"{issuer}/.well-known/jwks.json",
        "token_endpoint": f"{issuer}/auth/refresh",
        "token_endpoint_auth_methods_supported": ["none"],
        "grant_types_supported": ["refresh_token"],
        "response_types_supported": ["none"],
        "revocation_endpoint": f"{issuer}/auth/logout",
        "revocation_endpoint_auth_methods_supported": ["none"],
    }


def without_tag(headers: dict[str, str]) -> dict[str, str]:
    """Return the headers without the tag. These are the same for every document."""
    return {name: value for name, value in headers.items() if name != "ETag"}


@pytest.mark.parametrize("alg", PUBLIC_MEMBERS)
def test_the_key_set_is_the_public_half_of_the_ring(stack: Stack, alg: str) -> None:
    """K1, T3: the signing key and the next key, named by their thumbprints, with only public members."""
    ring = stack.make_key_ring(key_ring(alg))

    answer = stack.function("jwks")(sample("jwks"))

    assert (answer.status, without_tag(answer.headers)) == (200, CACHEABLE)
    assert answer.json.keys() == {"keys"}
    signing, following = answer.json["keys"]
    assert signing.pop("exp") == ring.signing[0].ends_at_seconds
    for published, timed in zip((signing, following), ring.signing, strict=True):
        key = timed.key
        assert published.keys() == PUBLIC_MEMBERS[alg]
        assert (published["alg"], published["use"]) == (alg, "sig")
        assert published["kid"] == thumbprint(published) == key.kid
        assert {**published, **key.jwk} == {**key.jwk, "alg": alg, "use": "sig", "kid": key.kid}
    assert signing["kid"] != following["kid"]


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")  # RFC 9864 renames EdDSA; PyJWT warns about the old name
@pytest.mark.parametrize("alg", PUBLIC_MEMBERS)
def test_stock_libraries_verify_an_access_token_with_the_key_set(stack: Stack, alg: str) -> None:
    """T1: PyJWT and joserfc verify an access token with only the published keys."""
    ring = stack.make_key_ring(key_ring(alg))
    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]

    key_set = stack.function("jwks")(sample("jwks")).json

    header = jwt.get_unverified_header(access_token)
    assert header == {"alg": alg, "kid": ring.signing[0].key.kid, "typ": "at+jwt"}
    required = ["iss", "sub", "aud", "client_id", "iat", "exp", "jti"]
    said = jwt.decode(
        access_token,
        jwt.PyJWKSet.from_dict(key_set)[header["kid"]],
        algorithms=[alg],
        audience=AUDIENCE,
        issuer=ISSUER,
        # The clock of the tests differs from the clock of the machine.
        options={"verify_exp": False, "verify_iat": False, "require": required},
    )
    published = KeySet([import_key(key) for key in key_set["keys"]])
    decoded = joserfc_jwt.decode(access_token, published, algorithms=[alg])
    assert decoded.claims == said
    assert said["sub"] == ADA_ID
    assert decoded.header == header


def test_a_key_is_published_until_it_ends(stack: Stack, jwks: Function) -> None:
    """K3: after a change of algorithm the old key is published until the second of its end."""
    old = key_ring("RS256").signing[0]
    ends_at = stack.clock.now_seconds + 100
    ring = key_ring()
    stack.make_key_ring(replace(ring, signing=(replace(old, ends_at_seconds=ends_at), *ring.signing)))
    signing, following = ring.signing

    keys = jwks(sample("jwks")).json["keys"]

    assert [key["kid"] for key in keys] == [timed.key.kid for timed in (signing, following, old)]
    assert keys[2].keys() == PUBLIC_MEMBERS["RS256"] | {"exp"}
    assert keys[2]["exp"] == ends_at
    assert "exp" not in keys[1], "the end of the last key is not known yet"
    assert algorithms(jwks) == ["ES256", "RS256"]
    stack.clock.advance(seconds=99.999)
    assert len(jwks(sample("jwks")).json["keys"]) == 3
    stack.clock.advance(seconds=0.001)
    assert jwks(sample("jwks")).json["keys"] == keys[:2]
    assert algorithms(jwks) == ["ES256"]


def algorithms(jwks: Function) -> list[str]:
    """Return the algorithms that the OpenID configuration names."""
    supported: list[str] = jwks(sample("openid-configuration")).json["id_token_signing_alg_values_supported"]
    return supported


def test_the_authorization_servers_metadata_names_the_address_that_was_asked(jwks: Function) -> None:
    """K4: the metadata has exactly these members, and the issuer is the API's own address."""
    answer = jwks(sample("oauth-authorization-server"))

    assert (answer.status, without_tag(answer.headers)) == (200, CACHEABLE)
    assert answer.json == metadata(ISSUER)


def test_the_openid_configuration_adds_what_openid_requires(jwks: Function) -> None:
    """OpenID Connect Discovery 1.0 §3: the configuration is the same metadata with two more members."""
    answer = jwks(sample("openid-configuration"))

    assert (answer.status, without_tag(answer.headers)) == (200, CACHEABLE)
    extra = {"subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"]}
    assert answer.json == metadata(ISSUER) | extra


@pytest.mark.parametrize("route", DISCOVERY)
def test_an_issuer_that_is_set_is_named_in_discovery(stack: Stack, route: str) -> None:
    """K4: discovery names the issuer that is set, for any requested address, and tokens name the same issuer."""
    stack = stack.with_parameters(Issuer="https://auth.example.com")

    document = stack.function("jwks")(sample(route)).json

    access_token = stack.function("login")(login_event("ada", PASSWORD)).json["access_token"]
    said = jwt.decode(access_token, options={"verify_signature": False})
    assert document["issuer"] == said["iss"] == "https://auth.example.com"
    assert document.items() >= metadata("https://auth.example.com").items()


@pytest.mark.parametrize("route", DISCOVERY)
def test_an_event_that_names_no_domain_has_no_issuer(stack: Stack, jwks: Function, route: str) -> None:
    """L1: the answer is 503, not a document with a wrong address and not an exception."""
    event = sample(route)
    del event["requestContext"]["domainName"]

    assert jwks(event) == UNAVAILABLE
    assert stack.with_parameters(Issuer="https://auth.example.com").function("jwks")(event).status == 200


@pytest.mark.parametrize(
    "path", ["/", "/.well-known", "/.well-known/jwks", "/.well-known/jwks.json/", "/{proxy+}", "/.WELL-KNOWN/JWKS.JSON"]
)
def test_another_route_is_not_found(stack: Stack, jwks: Function, path: str) -> None:
    """Another route is answered with 404, and no key is read."""
    assert jwks({**sample("jwks"), "resource": path}) == NOT_FOUND
    assert stack.wire.calls == []


@pytest.mark.parametrize("route", ROUTES)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "get", ""])
def test_another_method_is_not_allowed(stack: Stack, jwks: Function, route: str, method: str) -> None:
    """A10, RFC 9110 §15.5.6: another method is answered with 405 and the allowed method."""
    assert jwks({**sample(route), "httpMethod": method}) == method_not_allowed("GET", "HEAD")
    assert stack.wire.calls == []


@pytest.mark.parametrize("event", [{}, None, [], "x", {"httpMethod": "GET"}])
def test_garbage_is_a_malformed_request(jwks: Function, event: object) -> None:
    """L2: garbage is answered with 400 and raises no exception."""
    assert jwks(event) == error(400, "invalid_request", "The request is malformed.")


@pytest.mark.parametrize("outage", OUTAGES)
def test_a_cold_start_without_the_secret_is_unavailable(stack: Stack, jwks: Function, outage: Fault) -> None:
    """The answer is 503, not an empty key set that a verifier would keep; it is 200 when the secret is back."""
    stack.wire.always("GetSecretValue", outage)
    answers = [jwks(sample(route)) for route in ROUTES]

    assert answers[:2] == [UNAVAILABLE, UNAVAILABLE]
    assert answers[2].json == metadata(ISSUER)  # has no key in it
    stack.wire.mend()
    assert jwks(sample("jwks")).json == stack.keys.jwks()


@pytest.mark.parametrize("text", ["", "{}", "x", '{"format":2}', '{"format":1}', '{"format":3}', "[]", "null"])
def test_a_secret_that_is_no_ring_is_unavailable(empty_stack: Stack, text: str) -> None:
    """A damaged or empty secret is an outage, not an empty key set."""
    empty_stack.wire.always("GetSecretValue", raw_answer(json.dumps({"SecretString": text}).encode(), 200))

    assert empty_stack.function("jwks")(sample("jwks")) == UNAVAILABLE


def test_a_key_set_comes_in_one_line(stack: Stack, jwks: Function) -> None:
    """K1: the body has the same bytes as the key set in the authorizer's environment, on one line."""
    answer = jwks(sample("jwks"))

    assert answer.body == json.dumps(json.loads(stack.jwks), separators=(",", ":"))
    assert len(answer.body) < 1024


def test_a_stack_without_users_has_keys(empty_stack: Stack) -> None:
    """The documents are answered without DynamoDB."""
    empty_stack.make_key_ring(key_ring())
    empty_stack.wire.always("GetItem", no_connection)

    assert [empty_stack.function("jwks")(sample(route)).status for route in ROUTES] == [200, 200, 200]
    assert empty_stack.wire.counts.keys() == {"secrets-manager.GetSecretValue"}

"""Issuing access tokens. PyJWT and joserfc check the result independently."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import import_key

from edge_auth import base64url
from edge_auth.errors import RightsRefused
from edge_auth.flows.accounts.rights_administration import check_rights
from edge_auth.keys.jwk import verification_key
from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.own_claims import OwnClaims
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, CLAIMS, ISSUER, NOW, key

LEVELED = CLAIMS._replace(amr=("pwd", "otp", "mfa"), acr="2fa")  # of a login with two factors
LONG_ISSUER = "https://auth.some-rather-long-subdomain.of-a-company.example.com/production-eu-central-1"
LONG_AUDIENCE = "https://api.some-rather-long-subdomain.of-a-company.example.com/production"


def segments(token: str) -> tuple[str, dict[str, Any], bytes]:
    """Split a token into header segment, payload and signature."""
    header, payload, signature = token.split(".")
    return header, json.loads(base64url.decode(payload)), base64url.decode(signature)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_header_bytes_are_constant_and_those_the_verifier_looks_up(alg: str) -> None:
    """The protected header is exactly alg, kid, typ, in this order and without spaces (T1, T3)."""
    pair = key(alg)
    header, _, _ = segments(access.issue(CLAIMS, pair))
    assert base64url.decode(header) == f'{{"alg":"{alg}","kid":"{pair.kid}","typ":"at+jwt"}}'.encode()
    assert header == verification_key(pair.public_jwk()).header_segment


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_payload_is_exactly_the_claims(alg: str) -> None:
    """Issuing adds, changes or loses no claim (T1, T2, T5)."""
    _, payload, _ = segments(access.issue(CLAIMS, key(alg)))
    assert payload == {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": CLAIMS.sub,
        "client_id": "first-party",
        "iat": NOW,
        "exp": NOW + 900,
        "jti": CLAIMS.jti,
        "sid": CLAIMS.sid,
        "auth_time": NOW - 60,
        "scope": "orders:read orders:write",
        "roles": ["admin", "ops"],
        "amr": ["pwd"],
    }


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_our_verifier_reads_back_what_was_issued(alg: str) -> None:
    """The issuer and the verifier agree on every claim."""
    verifier = Verifier([verification_key(key(alg).public_jwk())], audience=AUDIENCE)
    assert verifier.verify(access.issue(CLAIMS, key(alg)), issuer=ISSUER, now_seconds=NOW) == CLAIMS


@pytest.mark.parametrize("claims", [CLAIMS, LEVELED])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_pyjwt_accepts_what_we_issue(alg: str, claims: AccessClaims) -> None:
    """A first independent verifier reads the same header and claims."""
    pair = key(alg)
    read = jwt.decode_complete(
        access.issue(claims, pair),
        jwt.PyJWK(pair.public_jwk()),
        algorithms=[alg],
        issuer=ISSUER,
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert read["header"] == {"alg": alg, "kid": pair.kid, "typ": "at+jwt"}
    assert read["payload"] == claims.payload()


# RFC 9864 renames EdDSA to Ed25519. PyJWT and API gateways know only the old name.
@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("claims", [CLAIMS, LEVELED])
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_joserfc_accepts_what_we_issue(alg: str, claims: AccessClaims) -> None:
    """A second independent verifier reads the same header and claims."""
    pair = key(alg)
    public: dict[str, Any] = dict(pair.public_jwk())
    read = joserfc_jwt.decode(access.issue(claims, pair), import_key(public), algorithms=[alg])
    assert read.header == {"alg": alg, "kid": pair.kid, "typ": "at+jwt"}
    assert read.claims == claims.payload()


@pytest.mark.parametrize("alg", ["ES256", "EdDSA"])
def test_a_token_with_long_names_stays_under_1_kib(alg: str) -> None:
    """With a long issuer, audience, scope and roles, a token still fits into a cookie and beside other headers (T8)."""
    claims = CLAIMS._replace(iss=LONG_ISSUER, aud=LONG_AUDIENCE)
    assert len(access.issue(claims, key(alg))) < 1024


def largest(rights: Callable[[int], tuple[str, tuple[str, ...]]]) -> tuple[str, tuple[str, ...]]:
    """Return the largest scope and roles of one kind that an operator may give."""
    size = 0
    while True:
        try:
            check_rights(*rights(size + 1))
        except RightsRefused:
            return rights(size)
        size += 1


RIGHTS: dict[str, Callable[[int], tuple[str, tuple[str, ...]]]] = {
    "one scope": lambda size: ("s" * size, ()),
    "scopes of one letter": lambda size: (" ".join("s" * size), ()),
    "scopes of punctuation": lambda size: ("~" * size, ()),
    "long roles": lambda size: ("", ("r" * 64,) * size),
    "roles of one letter": lambda size: ("", ("r",) * size),
    "a little of each": lambda size: (" ".join("s" * (size // 2)), ("r",) * (size - size // 2)),
}


@pytest.mark.parametrize("kind", RIGHTS)
def test_the_largest_rights_stay_under_1_kib(kind: str) -> None:
    """With the largest scope and roles that an operator may give, and long names, the token keeps its size (T8)."""
    scope, roles = largest(RIGHTS[kind])
    assert scope or roles
    claims = LEVELED._replace(iss=LONG_ISSUER, aud=LONG_AUDIENCE, scope=scope, roles=roles)
    assert len(access.issue(claims, key("ES256"))) < 1024


CLAIM_KINDS: dict[str, Callable[[int], tuple[tuple[str, ...], OwnClaims]]] = {
    "long texts": lambda size: ((), {f"acme:{number}": "t" * 128 for number in range(size)}),
    "small numbers": lambda size: ((), {f"a:{number}": 0 for number in range(size)}),
    "a list": lambda size: ((), {"acme:teams": ("t",) * size}),
    "roles and texts": lambda size: (("r",) * (size // 2), {"acme:tenant": "t" * (size - size // 2)} if size else {}),
}


@pytest.mark.parametrize("kind", CLAIM_KINDS)
def test_the_largest_own_claims_stay_under_1_kib(kind: str) -> None:
    """They share the bound of scope and roles, so the token keeps its size (T8)."""
    size = 0
    with suppress(RightsRefused):
        while True:
            check_rights("", *CLAIM_KINDS[kind](size + 1))
            size += 1
    roles, own_claims = CLAIM_KINDS[kind](size)
    assert own_claims
    claims = CLAIMS._replace(iss=LONG_ISSUER, aud=LONG_AUDIENCE, scope="", roles=roles, own_claims=own_claims)
    assert len(access.issue(claims, key("ES256"))) < 1024


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("alg", ALGORITHMS)
def test_other_libraries_read_own_claims(alg: str) -> None:
    """RFC 7519 §4.3: PyJWT and joserfc return them with their types, and check nothing else for them."""
    own = CLAIMS._replace(
        own_claims={"acme:tenant": "blue", "acme:level": -3, "acme:beta": False, "acme:teams": ("a",)}
    )
    public, token = key(alg).public_jwk(), access.issue(own, key(alg))
    read = joserfc_jwt.decode(token, import_key(dict(public)), algorithms=[alg])
    by_pyjwt = jwt.decode(
        token,
        jwt.PyJWK(dict(public)),
        algorithms=[alg],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_iat": False},
    )
    assert read.claims == by_pyjwt == own.payload()
    assert read.claims["acme:teams"] == ["a"]


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("kind", RIGHTS)
def test_the_largest_rights_are_verified(alg: str, kind: str) -> None:
    """Our verifier accepts a token with the largest scope and roles that an operator may give."""
    scope, roles = largest(RIGHTS[kind])
    claims = CLAIMS._replace(iss=LONG_ISSUER, aud=LONG_AUDIENCE, scope=scope, roles=roles)
    verifier = Verifier([verification_key(key(alg).public_jwk())], audience=LONG_AUDIENCE)
    assert verifier.verify(access.issue(claims, key(alg)), issuer=LONG_ISSUER, now_seconds=NOW) == claims


def test_es256_signatures_are_always_64_raw_bytes() -> None:
    """R and S keep their leading zeros in 2,000 signatures, of which about 16 have one (T4)."""
    pair = key("ES256")
    signatures = [segments(access.issue(CLAIMS._replace(jti=str(number)), pair))[2] for number in range(2000)]
    assert {len(signature) for signature in signatures} == {64}
    assert any(signature[0] == 0 or signature[32] == 0 for signature in signatures)

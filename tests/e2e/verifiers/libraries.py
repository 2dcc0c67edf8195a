"""Verifiers of other projects, each set up as its manual says. README.md in this folder says what each one needs.

Each verifier finds the key set through discovery and fetches it when it is made.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import joserfc.jwt
import jwt
import requests
from authlib.oauth2.rfc6750.errors import InvalidTokenError
from authlib.oauth2.rfc9068 import JWTBearerTokenValidator
from authlib.oauth2.rfc9068.claims import JWTAccessTokenClaims
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwk import KeySet
from joserfc.jwt import ClaimsOption

from local.settings import ROOT

TYPE = "at+jwt"  # RFC 9068
ALGORITHMS = ("ES256", "RS256", "EdDSA")
REQUIRED = ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time")

NODE = ROOT / ".tools" / "node" / "bin" / "node"
SCRIPT = Path(__file__).parent / "verify.mjs"
PACKAGES = Path(__file__).parent / "node_modules"
ON_NODE = ("aws-jwt-verify", "jose")

Claims = Mapping[str, object]
Verify = Callable[[str], Claims]
"""Returns the claims of a valid token. Raises Refused."""


class Refused(Exception):
    """The library refused the token; the message says why."""


def jwks_uri(issuer: str) -> str:
    """Return the address of the issuer's key set (RFC 8414 §3: the document must be the issuer's own)."""
    with requests.Session() as session:
        session.trust_env = False  # the developer's proxy cannot reach this machine
        document = session.get(f"{issuer}/.well-known/openid-configuration", timeout=30).json()
    assert document["issuer"] == issuer
    return str(document["jwks_uri"])


def key_set(issuer: str) -> KeySet:
    """Fetch the issuer's key set, for a library that does not fetch it."""
    with requests.Session() as session:
        session.trust_env = False
        return KeySet.import_key_set(session.get(jwks_uri(issuer), timeout=30).json())


def required_claims(issuer: str, audience: str) -> dict[str, ClaimsOption]:
    """Return the claims that joserfc and Authlib must require."""
    claims: dict[str, ClaimsOption] = {name: {"essential": True} for name in REQUIRED}
    claims["iss"] = {"essential": True, "value": issuer}
    claims["aud"] = {"essential": True, "value": audience}
    return claims


@contextmanager
def pyjwt(issuer: str, audience: str) -> Iterator[Verify]:
    """Yield PyJWT with the keys that its PyJWKClient finds."""
    keys = jwt.PyJWKClient(jwks_uri(issuer))
    keys.get_jwk_set()

    def verify(token: str) -> Claims:
        try:
            key = keys.get_signing_key_from_jwt(token)
            decoded = jwt.decode_complete(
                token, key, list(ALGORITHMS), {"require": list(REQUIRED)}, audience=audience, issuer=issuer
            )
        except jwt.PyJWTError as error:
            raise Refused(repr(error)) from error
        _require_type(decoded["header"])
        return dict(decoded["payload"])

    yield verify


@contextmanager
def with_joserfc(issuer: str, audience: str) -> Iterator[Verify]:
    """Yield joserfc with the fetched key set."""
    keys = key_set(issuer)
    registry = joserfc.jwt.JWTClaimsRegistry(None, 0, **required_claims(issuer, audience))

    def verify(token: str) -> Claims:
        try:
            decoded = joserfc.jwt.decode(token, keys, algorithms=ALGORITHMS)
            registry.validate(decoded.claims)
        except JoseError as error:
            raise Refused(repr(error)) from error
        _require_type(decoded.header)
        return decoded.claims

    yield verify


class AccessTokenValidator(JWTBearerTokenValidator):  # type: ignore[misc] # Authlib ships no types
    """Authlib's validator of RFC 9068 access tokens. It checks `typ` itself."""

    def __init__(self, issuer: str, audience: str) -> None:
        super().__init__(issuer=issuer, resource_server=audience)
        self.keys = key_set(issuer)

    def get_jwks(self) -> KeySet:
        """Return the key set for Authlib."""
        return self.keys

    def authenticate_token(self, token_string: str) -> JWTAccessTokenClaims:
        """Do as Authlib does, but also accept EdDSA, if the algorithm is the only reason for a refusal.

        Authlib has no setting for this. It accepts the algorithms that joserfc recommends, which are ES256 and RS256.
        """
        try:
            return super().authenticate_token(token_string)
        except InvalidTokenError as error:
            if not isinstance(error.__cause__, UnsupportedAlgorithmError):
                raise
        token = joserfc.jwt.decode(token_string, self.keys, algorithms=["EdDSA"])
        claims = required_claims(self.issuer, self.resource_server)
        return JWTAccessTokenClaims(token.claims, token.header, claims)


@contextmanager
def authlib(issuer: str, audience: str) -> Iterator[Verify]:
    """Yield Authlib as a resource server that requires no scope."""
    validator = AccessTokenValidator(issuer, audience)

    def verify(token: str) -> Claims:
        try:
            claims = validator.authenticate_token(token)
            validator.validate_token(claims, scopes=None, request=None)
        except (InvalidTokenError, JoseError) as error:
            raise Refused(repr(error.__cause__ or error)) from error
        return dict(claims)

    yield verify


@contextmanager
def on_node(library: str, issuer: str, audience: str) -> Iterator[Verify]:
    """Yield a library of Node in a process that lives as long as the `with` block."""
    command = [str(NODE), str(SCRIPT), library, issuer, audience]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        stdin, stdout = process.stdin, process.stdout

        def verify(token: str) -> Claims:
            print(token, file=stdin, flush=True)
            answer: dict[str, Any] = json.loads(stdout.readline())
            if "refused" in answer:
                raise Refused(answer["refused"])
            return dict(answer["claims"])

        yield verify


LIBRARIES: Mapping[str, Callable[[str, str], AbstractContextManager[Verify]]] = {
    "PyJWT": pyjwt,
    "joserfc": with_joserfc,
    "Authlib": authlib,
    **{name: partial(on_node, name) for name in ON_NODE if (PACKAGES / name).exists()},
}


@contextmanager
def all_verifiers(issuer: str, audience: str) -> Iterator[Mapping[str, Verify]]:
    """Yield a verifier of each library by its name."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(make(issuer, audience)) for name, make in LIBRARIES.items()}


def _require_type(header: Mapping[str, object]) -> None:
    if header.get("typ") != TYPE:
        raise Refused(f"typ is {header.get('typ')}")

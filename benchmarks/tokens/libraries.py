"""Who signs and verifies access tokens in Python: ours, and what others use, each set up as strictly as it can be.

Every one is given the key as it likes it best, ready for use. All require the same claims, allow the same clock skew
and have `typ` checked, by one comparison where the library has no setting for it. None checks the claims' shapes, their
duplicates or the token's lifetime, as ours does: they do not offer it.
"""

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import joserfc.jwt
import jwt
from authlib.deprecate import AuthlibDeprecationWarning
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import import_key
from joserfc.jwt import ClaimsOption

from edge_auth import base64url
from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE, verification_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import Verifier

with warnings.catch_warnings():
    # Authlib's own JOSE, which most of its users still call; its successor, joserfc, is measured by itself.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.jose import JsonWebKey, JsonWebToken

REFERENCE = "cryptography, the signature alone"
UNCONVERTED = "the same, ES256 conversion left out"
OURS = "edge-auth"
REQUIRED = ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time")

Verify = Callable[[str], object]
"""Takes an access token. Raises where it is refused."""
Issue = Callable[[], str]
"""Returns an access token."""
RawCall = Callable[[], object]


def verifiers(key: SigningKey, claims: AccessClaims) -> dict[str, Verify]:
    """Return all that verify tokens under this key, with the issuer and the audience of these claims."""
    return {
        OURS: _ours(key, claims),
        "PyJWT": _pyjwt(key, claims),
        "joserfc": _joserfc(key, claims),
        "Authlib": _authlib(key, claims),
    }


def issuers(key: SigningKey, claims: AccessClaims) -> dict[str, Issue]:
    """Return all that issue tokens with these claims, under this key."""
    payload, private = claims.payload(), key.private_key
    headers = {"kid": key.kid, "typ": ACCESS_TOKEN_TYPE}
    header = {"alg": key.alg, **headers}
    joserfc_key = import_key(dict(key.jwk))
    authlib, authlib_key = JsonWebToken([key.alg]), JsonWebKey.import_key(dict(key.jwk))
    return {
        OURS: lambda: issue(claims, key),
        "PyJWT": lambda: jwt.encode(payload, private, key.alg, headers),
        "joserfc": lambda: joserfc.jwt.encode(header, payload, joserfc_key, [key.alg]),
        # It writes into the header that it is given.
        "Authlib": lambda: authlib.encode(dict(header), payload, authlib_key).decode("ascii"),
    }


def raw_checks(key: SigningKey, token: str) -> dict[str, RawCall]:
    """Return the check of this token's signature by `cryptography`: no verifier can do without it.

    The key and the bytes are ready. An ES256 signature has another form in tokens than OpenSSL wants (RFC 7518 §3.4):
    every caller must convert it, so the reference does; the call without that is measured beside.
    """
    signed, _, encoded = token.rpartition(".")
    message, signature = signed.encode("ascii"), base64url.decode(encoded)
    match key.private_key:
        case EllipticCurvePrivateKey() as curve:
            public, ecdsa = curve.public_key(), ECDSA(SHA256())
            return {
                REFERENCE: lambda: public.verify(_der(signature), message, ecdsa),
                UNCONVERTED: partial(public.verify, _der(signature), message, ecdsa),
            }
        case Ed25519PrivateKey() as edwards:
            return {REFERENCE: partial(edwards.public_key().verify, signature, message)}
        case rsa:
            return {REFERENCE: partial(rsa.public_key().verify, signature, message, PKCS1v15(), SHA256())}


def raw_signatures(key: SigningKey, token: str) -> dict[str, RawCall]:
    """Return the making of this token's signature by `cryptography`, in the form that tokens have; and not."""
    message = token.rpartition(".")[0].encode("ascii")
    match key.private_key:
        case EllipticCurvePrivateKey() as curve:
            ecdsa = ECDSA(SHA256())
            return {
                REFERENCE: lambda: _from_der(curve.sign(message, ecdsa)),
                UNCONVERTED: partial(curve.sign, message, ecdsa),
            }
        case Ed25519PrivateKey() as edwards:
            return {REFERENCE: partial(edwards.sign, message)}
        case rsa:
            return {REFERENCE: partial(rsa.sign, message, PKCS1v15(), SHA256())}


def _ours(key: SigningKey, claims: AccessClaims) -> Verify:
    verifier = Verifier([verification_key(key.public_jwk())], audience=claims.aud)
    # The clock is read for every token, as the authorizer does and as all others do.
    return lambda token: verifier.verify(token, issuer=claims.iss, now_seconds=int(time.time()))


def _pyjwt(key: SigningKey, claims: AccessClaims) -> Verify:
    public, algorithms = jwt.PyJWK(dict(key.public_jwk())), [key.alg]
    decoder = jwt.PyJWT({"require": list(REQUIRED), "strict_aud": True})

    def verify(token: str) -> object:
        decoded = decoder.decode_complete(
            token, public, algorithms, audience=claims.aud, issuer=claims.iss, leeway=EXPIRY_LEEWAY_SECONDS
        )
        return _of_type(decoded["header"], decoded["payload"])

    return verify


def _joserfc(key: SigningKey, claims: AccessClaims) -> Verify:
    public, algorithms = import_key(dict(key.public_jwk())), [key.alg]
    registry = joserfc.jwt.JWTClaimsRegistry(None, EXPIRY_LEEWAY_SECONDS, **_options(claims))

    def verify(token: str) -> object:
        decoded = joserfc.jwt.decode(token, public, algorithms)
        registry.validate(decoded.claims)
        return _of_type(decoded.header, decoded.claims)

    return verify


def _authlib(key: SigningKey, claims: AccessClaims) -> Verify:
    public, tokens, options = JsonWebKey.import_key(key.public_jwk()), JsonWebToken([key.alg]), _options(claims)

    def verify(token: str) -> object:
        decoded = tokens.decode(token, public, claims_options=options)
        decoded.validate(leeway=EXPIRY_LEEWAY_SECONDS)
        return _of_type(decoded.header, decoded)

    return verify


def _options(claims: AccessClaims) -> dict[str, ClaimsOption]:
    """Return what joserfc and Authlib are told to require."""
    options: dict[str, ClaimsOption] = {name: {"essential": True} for name in REQUIRED}
    options["iss"] = {"essential": True, "value": claims.iss}
    options["aud"] = {"essential": True, "value": claims.aud}
    return options


def _of_type(header: Mapping[str, Any], claims: object) -> object:
    if header.get("typ") != ACCESS_TOKEN_TYPE:
        raise ValueError("typ")
    return claims


def _der(signature: bytes) -> bytes:
    return encode_dss_signature(int.from_bytes(signature[:32]), int.from_bytes(signature[32:]))


def _from_der(signature: bytes) -> bytes:
    r, s = decode_dss_signature(signature)
    return r.to_bytes(32) + s.to_bytes(32)

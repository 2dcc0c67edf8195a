"""The Python libraries that are compared, each with its strictest settings, and the tokens that they get.

Each library gets the key in its own form, ready for use. All require the same claims, allow the same clock skew and
check `typ`; one comparison does that if the library has no setting for it. Only edge-auth also checks the claims'
shapes, duplicate claims and the token's lifetime. The others do not offer these checks.
"""

import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

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

from benchmarks.frame.samples import Act
from edge_auth import base64url
from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE, verification_key
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, MAX_LIFETIME_SECONDS
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import CLAIMS, claims_at

with warnings.catch_warnings():
    # Authlib's own JOSE module is deprecated but still used. Its successor, joserfc, is measured separately.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.jose import JsonWebKey, JsonWebToken

DAY_SECONDS = 86_400
REFERENCE = "cryptography, the signature alone"
UNCONVERTED = "the same, ES256 conversion left out"
OURS = "edge-auth"
REQUIRED = ("iss", "sub", "aud", "client_id", "iat", "exp", "jti", "sid", "auth_time")

Verify = Callable[[str], object]
"""Takes an access token. Raises an error of its library if it refuses the token."""


class RawCalls(NamedTuple):
    """Calls without a library of tokens, by name: REFERENCE, and for ES256 also UNCONVERTED."""

    check: dict[str, Act]
    sign: dict[str, Act]


def example_claims(
    *, scope: str = CLAIMS.scope, roles: tuple[str, ...] = CLAIMS.roles, age_seconds: int = 0
) -> AccessClaims:
    """Return the claims of a typical token that was issued `age_seconds` ago, with the longest allowed lifetime."""
    claims = claims_at(int(time.time()) - age_seconds)
    return claims._replace(exp=claims.iat + MAX_LIFETIME_SECONDS, scope=scope, roles=roles)


def bad_tokens(key: SigningKey, good: str) -> dict[str, str]:
    """Return tokens that every verifier must refuse: the good one with another signature, and one from yesterday."""
    signed, _, encoded = good.rpartition(".")
    signature = bytearray(base64url.decode(encoded))
    signature[len(signature) // 2] ^= 1
    return {
        "forged": f"{signed}.{base64url.encode(bytes(signature))}",
        "expired": issue(example_claims(age_seconds=DAY_SECONDS), key),
    }


def verifiers(key: SigningKey, claims: AccessClaims) -> dict[str, Verify]:
    """Return each library's verifier for this key, with the issuer and the audience of these claims."""
    makers = {OURS: _ours, "PyJWT": _pyjwt, "joserfc": _joserfc, "Authlib": _authlib}
    return {name: make(key, claims) for name, make in makers.items()}


def issuers(key: SigningKey, claims: AccessClaims) -> dict[str, Callable[[], str]]:
    """Return each library's issuing of a token with these claims, under this key."""
    payload, private = claims.payload(), key.private_key
    headers = {"kid": key.kid, "typ": ACCESS_TOKEN_TYPE}
    header = {"alg": key.alg, **headers}
    joserfc_key = import_key(dict(key.jwk))
    authlib, authlib_key = JsonWebToken([key.alg]), JsonWebKey.import_key(dict(key.jwk))
    return {
        OURS: lambda: issue(claims, key),
        "PyJWT": lambda: jwt.encode(payload, private, key.alg, headers),
        "joserfc": lambda: joserfc.jwt.encode(header, payload, joserfc_key, [key.alg]),
        # Authlib writes into the header that it gets, so it gets a copy.
        "Authlib": lambda: authlib.encode(dict(header), payload, authlib_key).decode("ascii"),
    }


def raw_calls(key: SigningKey, token: str) -> RawCalls:
    """Return `cryptography`'s check of this token's signature, and its signing, which every library needs.

    The key and the bytes are ready. Tokens and OpenSSL use different forms of an ES256 signature (RFC 7518 §3.4). Every
    caller must convert it, so the reference converts it too. The call without conversion is measured separately.
    """
    signed, _, encoded = token.rpartition(".")
    message, signature = signed.encode("ascii"), base64url.decode(encoded)
    match key.private_key:
        case EllipticCurvePrivateKey() as curve:
            public, ecdsa = curve.public_key(), ECDSA(SHA256())
            check: dict[str, Act] = {REFERENCE: lambda: public.verify(_der(signature), message, ecdsa)}
            check[UNCONVERTED] = partial(public.verify, _der(signature), message, ecdsa)
            sign: dict[str, Act] = {REFERENCE: lambda: _from_der(curve.sign(message, ecdsa))}
            sign[UNCONVERTED] = partial(curve.sign, message, ecdsa)
        case Ed25519PrivateKey() as edwards:
            check = {REFERENCE: partial(edwards.public_key().verify, signature, message)}
            sign = {REFERENCE: partial(edwards.sign, message)}
        case rsa:
            check = {REFERENCE: partial(rsa.public_key().verify, signature, message, PKCS1v15(), SHA256())}
            sign = {REFERENCE: partial(rsa.sign, message, PKCS1v15(), SHA256())}
    return RawCalls(check, sign)


def _ours(key: SigningKey, claims: AccessClaims) -> Verify:
    verifier = Verifier([verification_key(key.public_jwk())], audience=claims.aud)
    # The clock is read for every token, as in the authorizer and in the other libraries.
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
    """Return the required claims, as joserfc and Authlib take them."""
    options = {name: ClaimsOption(essential=True) for name in REQUIRED}
    options["iss"]["value"], options["aud"]["value"] = claims.iss, claims.aud
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

"""Access tokens for tests: good ones, and tokens with any header, payload and signature."""

import json
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from edge_auth import base64url
from edge_auth.keys import signing_key
from edge_auth.keys.jwk import header_segment
from edge_auth.keys.signing_key import PrivateKey, SigningKey
from edge_auth.tokens.claims import AccessClaims

ISSUER = "https://auth.example.com"
AUDIENCE = "https://api.example.com"
NOW = 1_800_000_000
ALGORITHMS = ("ES256", "RS256", "EdDSA")
# The order of the curve P-256: FIPS 186-5, SP 800-186 §3.2.1.3.
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551

CLAIMS = AccessClaims(
    iss=ISSUER,
    aud=AUDIENCE,
    sub="b3duZXIgb2Ygb3JkZXJzIQ",
    client_id="first-party",
    iat=NOW,
    exp=NOW + 900,
    jti="Zm9vYmFyYmF6cXV4MTIzNA",
    sid="c2Vzc2lvbiBvZiBvd25lcg",
    auth_time=NOW - 60,
    scope="orders:read orders:write",
    roles=("admin", "ops"),
    amr=("pwd",),
)


@cache
def key(alg: str, name: str = "ours") -> SigningKey:
    """Return the signing key of this name, which is the same in a whole test run."""
    del name
    return SigningKey(alg, signing_key.generate(alg))


def claims_at(now_seconds: int) -> AccessClaims:
    """Return good claims of a token that was issued just now."""
    return CLAIMS._replace(iat=now_seconds, exp=now_seconds + 900, auth_time=now_seconds - 60)


def payload(**changes: object) -> dict[str, object]:
    """Return a good payload with some claims changed."""
    return {**CLAIMS.payload(), **changes}


def payload_without(*names: str) -> dict[str, object]:
    """Return a good payload without some claims."""
    return {name: value for name, value in CLAIMS.payload().items() if name not in names}


def to_json(value: object) -> bytes:
    """Write compact JSON."""
    return json.dumps(value, separators=(",", ":")).encode()


def raw_signature(private_key: PrivateKey, signed: bytes) -> bytes:
    """Sign in the form of JOSE: RFC 7518 §3.3 and §3.4, RFC 8037 §3.1. The same text has the same signature."""
    match private_key:
        case EllipticCurvePrivateKey():
            r, s = decode_dss_signature(private_key.sign(signed, ECDSA(SHA256(), deterministic_signing=True)))
            size = (private_key.key_size + 7) // 8
            return r.to_bytes(size) + s.to_bytes(size)
        case Ed25519PrivateKey():
            return private_key.sign(signed)
        case _:
            return private_key.sign(signed, PKCS1v15(), SHA256())


def assemble(header: str, body: str, private_key: PrivateKey) -> str:
    """Sign two segments without a check or a change."""
    signed = f"{header}.{body}"
    return f"{signed}.{base64url.encode(raw_signature(private_key, signed.encode()))}"


def signed_token(body: Mapping[str, object] | bytes, *, signed_by: SigningKey, header: str = "") -> str:
    """Sign any payload. Without a header segment, the header is the key's own constant one."""
    segment = header or header_segment(signed_by.alg, signed_by.kid)
    text = body if isinstance(body, bytes) else to_json(body)
    return assemble(segment, base64url.encode(text), signed_by.private_key)


def other_spelling(token: str) -> str:
    """Return an ES256 token with the other valid spelling of its signature: (r, n - s)."""
    signed, _, signature = token.rpartition(".")
    raw = base64url.decode(signature)
    s = P256_ORDER - int.from_bytes(raw[32:])
    return f"{signed}.{base64url.encode(raw[:32] + s.to_bytes(32))}"

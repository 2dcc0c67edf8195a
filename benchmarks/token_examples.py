"""Access tokens to measure with: good ones, and some that nobody may take."""

import time

from edge_auth import base64url
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import MAX_LIFETIME_SECONDS
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims

DAY_SECONDS = 86_400
SCOPE = "orders:read orders:write"
ROLES = ("admin", "ops")


def example_claims(*, scope: str = SCOPE, roles: tuple[str, ...] = ROLES, age_seconds: int = 0) -> AccessClaims:
    """Return the claims of an everyday token that was issued so long ago, with the longest life a token may have."""
    now = int(time.time()) - age_seconds
    return AccessClaims(
        iss="https://auth.example.com",
        aud="https://api.example.com",
        sub="b3duZXIgb2Ygb3JkZXJzIQ",
        client_id="first-party",
        iat=now,
        exp=now + MAX_LIFETIME_SECONDS,
        jti="Zm9vYmFyYmF6cXV4MTIzNA",
        sid="c2Vzc2lvbiBvZiBvd25lcg",
        auth_time=now - 60,
        scope=scope,
        roles=roles,
        amr=("pwd",),
    )


def bad_tokens(key: SigningKey, good: str) -> dict[str, str]:
    """Return the good token with one bit of its signature flipped, and a token of yesterday."""
    signed, _, encoded = good.rpartition(".")
    signature = bytearray(base64url.decode(encoded))
    signature[len(signature) // 2] ^= 1
    return {
        "forged": f"{signed}.{base64url.encode(bytes(signature))}",
        "expired": issue(example_claims(age_seconds=DAY_SECONDS), key),
    }

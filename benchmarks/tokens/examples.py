"""Access tokens to measure with: good ones, and bad ones that every verifier must refuse."""

import time

from edge_auth import base64url
from edge_auth.keys.signing_key import SigningKey
from edge_auth.keys.timing import MAX_LIFETIME_SECONDS
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims
from tests.support.access_tokens import CLAIMS, claims_at

DAY_SECONDS = 86_400


def example_claims(
    *, scope: str = CLAIMS.scope, roles: tuple[str, ...] = CLAIMS.roles, age_seconds: int = 0
) -> AccessClaims:
    """Return the claims of a typical token that was issued `age_seconds` ago, with the longest allowed lifetime."""
    claims = claims_at(int(time.time()) - age_seconds)
    return claims._replace(exp=claims.iat + MAX_LIFETIME_SECONDS, scope=scope, roles=roles)


def bad_tokens(key: SigningKey, good: str) -> dict[str, str]:
    """Return the good token with one bit of its signature flipped, and a token from yesterday."""
    signed, _, encoded = good.rpartition(".")
    signature = bytearray(base64url.decode(encoded))
    signature[len(signature) // 2] ^= 1
    return {
        "forged": f"{signed}.{base64url.encode(bytes(signature))}",
        "expired": issue(example_claims(age_seconds=DAY_SECONDS), key),
    }

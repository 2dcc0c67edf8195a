"""Issues access tokens: JWTs in the `at+jwt` format of RFC 9068, signed with PyJWT."""

import jwt

from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.claims import AccessClaims


def issue(claims: AccessClaims, key: SigningKey) -> str:
    """Sign the claims. The header is the constant one that the verifier looks up (`keys.jwk.header_segment`)."""
    return jwt.encode(
        claims.payload(),
        key.private_key,
        algorithm=key.alg,
        headers={"kid": key.kid, "typ": ACCESS_TOKEN_TYPE},
        sort_headers=True,
    )

"""Issues access tokens: JWTs in the `at+jwt` format of RFC 9068, signed with PyJWT."""

import sys

from edge_auth.keys.jwk import ACCESS_TOKEN_TYPE
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.claims import AccessClaims

# PyJWT loads cryptography's formats of SSH keys, which edge-auth does not use. They load bcrypt if it is there, which
# takes a millisecond of a start. This entry says to the import system that it is not there.
_without_bcrypt = sys.modules.setdefault("bcrypt", None) is None  # type: ignore[arg-type]  # documented for this use
import jwt  # noqa: E402 - see above

if _without_bcrypt:
    del sys.modules["bcrypt"]


def issue(claims: AccessClaims, key: SigningKey) -> str:
    """Sign the claims. The header is the constant one that the verifier looks up (`keys.jwk.header_segment`)."""
    return jwt.encode(
        claims.payload(),
        key.private_key,
        algorithm=key.alg,
        headers={"kid": key.kid, "typ": ACCESS_TOKEN_TYPE},
        sort_headers=True,
    )

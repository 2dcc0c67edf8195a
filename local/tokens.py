"""Makes the invalid tokens that the walk presents."""

import json

from edge_auth import base64url
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims

HOUR_SECONDS = 3600
SHOWN = 6


def claims_of(access_token: str) -> AccessClaims:
    """Read the claims of an access token without verifying it."""
    payload = json.loads(base64url.decode(access_token.split(".")[1]))
    lists = {name: tuple(payload[name]) for name in ("roles", "amr") if name in payload}
    return AccessClaims(**{**payload, **lists})


def expired(access_token: str, key: SigningKey) -> str:
    """Return the token as of an hour ago, signed with the deployment's own key. Only its times are wrong."""
    claims = claims_of(access_token)
    past = claims._replace(iat=claims.iat - HOUR_SECONDS, exp=claims.exp - HOUR_SECONDS)
    return issue(past, key)


def forged(access_token: str) -> str:
    """Return the token with another user in its payload, under the old signature."""
    header, _, signature = access_token.split(".")
    payload = claims_of(access_token)._replace(sub="somebody-else").payload()
    return f"{header}.{base64url.encode(json.dumps(payload).encode())}.{signature}"


def unknown(refresh_token: str) -> str:
    """Return a refresh token that was never issued. Its form is right and its MAC is wrong."""
    last = "A" if refresh_token[-1] != "A" else "B"
    return refresh_token[:-1] + last


def shortened(token: str) -> str:
    """Return the ends of a token: enough to distinguish it from another, and too little to use it."""
    return f"{token[:SHOWN]}…{token[-SHOWN:]}"

"""Tokens that no client should have: what the walk shows to be refused."""

import json

from edge_auth import base64url
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens.access_token import issue
from edge_auth.tokens.claims import AccessClaims

HOUR_SECONDS = 3600
SHOWN = 6


def claims_of(access_token: str) -> AccessClaims:
    """Read the claims of an access token, unverified."""
    payload = json.loads(base64url.decode(access_token.split(".")[1]))
    lists = {name: tuple(payload[name]) for name in ("roles", "amr") if name in payload}
    return AccessClaims(**{**payload, **lists})


def expired(access_token: str, key: SigningKey) -> str:
    """Return the same token of an hour ago, signed with the deployment's own key: in order but for its time."""
    claims = claims_of(access_token)
    past = claims._replace(iat=claims.iat - HOUR_SECONDS, exp=claims.exp - HOUR_SECONDS)
    return issue(past, key)


def forged(access_token: str) -> str:
    """Return the token with another user in it, under the signature of the first."""
    header, _, signature = access_token.split(".")
    payload = claims_of(access_token)._replace(sub="somebody-else").payload()
    return f"{header}.{base64url.encode(json.dumps(payload).encode())}.{signature}"


def unknown(refresh_token: str) -> str:
    """Return a refresh token that was never issued: of the right shape, with a wrong MAC."""
    last = "A" if refresh_token[-1] != "A" else "B"
    return refresh_token[:-1] + last


def shortened(token: str) -> str:
    """Return enough of a token to tell it from another, and too little to use it."""
    return f"{token[:SHOWN]}…{token[-SHOWN:]}"

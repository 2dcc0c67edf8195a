"""The minimal PyJWT authorizer, with PyJWT's client that fetches the issuer's public keys."""

import os
from typing import Any

import jwt

KEYS = jwt.PyJWKClient(os.environ["JWKS_URI"])
ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a policy."""
    token = event["authorizationToken"].removeprefix("Bearer ")
    try:
        key = KEYS.get_signing_key_from_jwt(token)
        claims = jwt.decode(token, key, algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE)
    except jwt.InvalidTokenError:
        return policy("anonymous", "Deny", event["methodArn"], {})
    return policy(claims["sub"], "Allow", event["methodArn"], {"scope": claims.get("scope", "")})


def policy(principal: str, effect: str, resource: str, context: dict[str, str]) -> dict[str, Any]:
    """Return an IAM policy for the called method."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    return {
        "principalId": principal,
        "policyDocument": {"Version": "2012-10-17", "Statement": [statement]},
        "context": context,
    }

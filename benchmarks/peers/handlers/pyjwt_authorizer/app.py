"""A minimal TOKEN authorizer after AWS's blueprint, with PyJWT: with one public key, or with PyJWT's client of keys."""

import os
from typing import Any

import jwt

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]

if "JWKS_URI" in os.environ:
    key_of = jwt.PyJWKClient(os.environ["JWKS_URI"]).get_signing_key_from_jwt
else:
    KEY = jwt.PyJWK.from_json(os.environ["JWK"])

    def key_of(token: str | bytes) -> jwt.PyJWK:  # noqa: ARG001 - as PyJWT's client
        """Return the one key."""
        return KEY


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a policy."""
    token = event["authorizationToken"].removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, key_of(token), algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE)
    except jwt.InvalidTokenError:
        return policy("anonymous", "Deny", event["methodArn"], {})
    return policy(claims["sub"], "Allow", event["methodArn"], {"scope": claims.get("scope", "")})


def policy(principal: str, effect: str, resource: str, context: dict[str, str]) -> dict[str, Any]:
    """Return an IAM policy for the called method."""
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": resource}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": context}

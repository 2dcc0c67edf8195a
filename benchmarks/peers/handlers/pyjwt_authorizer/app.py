"""An authorizer after AWS's blueprint, with PyJWT and one public key: a minimal TOKEN authorizer."""

import os
from typing import Any

import jwt

KEY = jwt.PyJWK.from_json(os.environ["JWK"])
ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answer with a policy."""
    token = event["authorizationToken"].removeprefix("Bearer ")
    try:
        claims = jwt.decode(token, KEY, algorithms=["ES256"], issuer=ISSUER, audience=AUDIENCE)
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

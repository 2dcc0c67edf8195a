"""A function that API Gateway does not guard. It verifies the access token itself, with edge-auth's layer."""

import json
import os
import time

from edge_auth.authorizer.event import bearer_token
from edge_auth.authorizer.issuer_keys import IssuerKeys, download
from edge_auth.errors import InvalidToken
from edge_auth.tokens.verifier import Verifier

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
keys = IssuerKeys(Verifier([], audience=AUDIENCE), audience=AUDIENCE, download=download)  # the first token fetches them


def handler(event: dict[str, object], _context: object) -> dict[str, object]:
    """Answer a caller with the scope `notes:read`."""
    try:
        token = bearer_token(event)
        claims = keys.verify(token, issuer=ISSUER, may_ask=lambda: True, now_seconds=int(time.time()))
    except InvalidToken:
        return refusal(401, "Bearer")
    if "notes:read" not in claims.scope.split():
        return refusal(403, 'Bearer error="insufficient_scope", scope="notes:read"')
    body = json.dumps({"owner": claims.sub, "notes": ["a note of the caller's"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def refusal(status: int, challenge: str) -> dict[str, object]:
    """Return a refusal with its challenge (RFC 6750 §3)."""
    return {"statusCode": status, "headers": {"WWW-Authenticate": challenge}, "body": ""}

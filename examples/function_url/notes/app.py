"""A function that API Gateway does not guard. It verifies the access token itself, with edge-auth's layer."""

import json
import os
import time
from collections.abc import Mapping

from edge_auth.authorizer.event import bearer_token
from edge_auth.authorizer.issuer_keys import IssuerKeys, download
from edge_auth.errors import InvalidToken, TemporarilyUnavailable
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
        return refusal(401, {"WWW-Authenticate": "Bearer"})
    except TemporarilyUnavailable as error:  # nothing is known about the token
        return refusal(error.status, error.headers)
    if "notes:read" not in claims.scope.split():
        return refusal(403, {"WWW-Authenticate": 'Bearer error="insufficient_scope", scope="notes:read"'})
    body = json.dumps({"owner": claims.sub, "notes": ["a note of the caller's"]})
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": body}


def refusal(status: int, headers: Mapping[str, str]) -> dict[str, object]:
    """Return a refusal, with its challenge (RFC 6750 §3) or with the time to wait."""
    return {"statusCode": status, "headers": dict(headers), "body": ""}

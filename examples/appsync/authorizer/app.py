"""An authorizer for AppSync, which wants an answer of its own form. It verifies tokens with edge-auth's layer."""

import os
import time

from edge_auth.authorizer.issuer_keys import IssuerKeys, download
from edge_auth.errors import InvalidToken
from edge_auth.tokens.own_claims import as_text
from edge_auth.tokens.verifier import Verifier

ISSUER = os.environ["ISSUER"]
AUDIENCE = os.environ["AUDIENCE"]
keys = IssuerKeys(Verifier([], audience=AUDIENCE), audience=AUDIENCE, download=download)  # the first token fetches them


def handler(event: dict[str, str], _context: object) -> dict[str, object]:
    """Answer who calls, for `edge_auth.caller` in the resolvers, and which fields the caller may not use.

    Raises:
        TemporarilyUnavailable: the issuer's keys could not be fetched, so nothing is known about the token.

    """
    token = event["authorizationToken"].removeprefix("Bearer ")
    try:
        claims = keys.verify(token, issuer=ISSUER, may_ask=lambda: True, now_seconds=int(time.time()))
    except InvalidToken:
        return {"isAuthorized": False}
    return {
        "isAuthorized": True,
        "resolverContext": {  # texts only, and no lists
            "sub": claims.sub,
            "sid": claims.sid,
            "scope": claims.scope,
            "roles": " ".join(claims.roles),
            "client_id": claims.client_id,
            "jti": claims.jti,
            "exp": str(claims.exp),
            "acr": claims.acr,
            "amr": " ".join(claims.amr),
            "auth_time": str(claims.auth_time),
            **{name: as_text(claim) for name, claim in claims.own_claims.items()},
        },
        "deniedFields": [] if "notes:write" in claims.scope.split() else ["Mutation.addNote"],
        "ttlOverride": 0,
    }

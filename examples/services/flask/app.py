"""Notes with Flask: `ISSUER=… AUDIENCE=… flask run`. It needs flask and pyjwt[crypto]."""

import os
from collections.abc import Mapping
from typing import Any

import jwt
from flask import Flask, Response, abort, request

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")
app = Flask(__name__)


def caller() -> Mapping[str, Any]:
    """Return the claims of the request's access token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        abort(refusal(401, "Bearer"))
    try:
        key = keys.get_signing_key_from_jwt(token)
        verified = jwt.decode_complete(
            token, key, ["ES256"], {"require": ["exp", "sub", "sid"]}, audience=AUDIENCE, issuer=ISSUER, leeway=5
        )
    except (jwt.PyJWKClientConnectionError, ValueError):  # no keys, or no JSON: nothing is known about the token
        abort(Response(status=503, headers={"Retry-After": "1"}))
    except jwt.PyJWTError:
        abort(refusal(401, 'Bearer error="invalid_token"'))
    if verified["header"].get("typ") != "at+jwt":  # RFC 9068 §4: PyJWT does not check it
        abort(refusal(401, 'Bearer error="invalid_token"'))
    claims: Mapping[str, Any] = verified["payload"]
    return claims


def refusal(status: int, challenge: str) -> Response:
    """Return a refusal with its challenge (RFC 6750 §3)."""
    return Response(status=status, headers={"WWW-Authenticate": challenge})


@app.get("/notes")
def notes() -> dict[str, object]:
    """Answer a caller with the scope `notes:read`."""
    claims = caller()
    if "notes:read" not in claims.get("scope", "").split():
        abort(refusal(403, 'Bearer error="insufficient_scope", scope="notes:read"'))
    return {"owner": claims["sub"], "notes": ["a note of the caller's"]}

"""Notes with FastAPI: `ISSUER=… AUDIENCE=… uvicorn app:app`. It needs fastapi, uvicorn and pyjwt[crypto]."""

import os
from collections.abc import Mapping
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER, AUDIENCE = os.environ["ISSUER"], os.environ["AUDIENCE"]
keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json")
app = FastAPI()


def caller(request: Request) -> Mapping[str, Any]:
    """Return the claims of the request's access token."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
    try:
        key = keys.get_signing_key_from_jwt(token)
        verified = jwt.decode_complete(
            token, key, ["ES256"], {"require": ["exp", "sub", "sid"]}, audience=AUDIENCE, issuer=ISSUER, leeway=5
        )
    except (jwt.PyJWKClientConnectionError, ValueError):  # no keys, or no JSON: nothing is known about the token
        raise HTTPException(503, headers={"Retry-After": "1"}) from None
    except jwt.PyJWTError:
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'}) from None
    if verified["header"].get("typ") != "at+jwt":  # RFC 9068 §4: PyJWT does not check it
        raise HTTPException(401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    claims: Mapping[str, Any] = verified["payload"]
    return claims


@app.get("/notes")
def notes(claims: Annotated[Mapping[str, Any], Depends(caller)]) -> dict[str, object]:
    """Answer a caller with the scope `notes:read`."""
    if "notes:read" not in claims.get("scope", "").split():
        challenge = 'Bearer error="insufficient_scope", scope="notes:read"'
        raise HTTPException(403, headers={"WWW-Authenticate": challenge})
    return {"owner": claims["sub"], "notes": ["a note of the caller's"]}

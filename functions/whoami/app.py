"""GET /me: the sample protected route. Answers with what the authorizer passed on.

It has no layer, as your own functions need none: Lambda's own SDK is the one that they import.
"""

import json
import os
from collections.abc import Mapping

PASSED_ON = ("sub", "sid", "client_id", "scope", "roles", "jti", "exp", "acr", "amr", "auth_time")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json; charset=utf-8",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
ALLOWED_ORIGINS = frozenset(filter(None, os.environ["ALLOWED_ORIGINS"].split(",")))


def handler(event: dict[str, dict[str, dict[str, str]]], _context: object) -> dict[str, object]:
    """Answer with the caller, as every function behind the authorizer gets it from API Gateway.

    Raises:
        KeyError: the route has no authorizer. API Gateway then answers with 503.

    """
    caller = event["requestContext"]["authorizer"]
    known = {"sub": caller["sub"], **{name: caller.get(name, "") for name in PASSED_ON[1:]}}
    headers = {**HEADERS, **cors_headers(event.get("multiValueHeaders") or {})}
    return {"statusCode": 200, "headers": headers, "body": json.dumps(known, separators=(",", ":"))}


def cors_headers(headers: Mapping[str, object]) -> dict[str, str]:
    """Return the headers with which a page of an allowed origin may read the answer, from a browser."""
    if not ALLOWED_ORIGINS:
        return {}
    origins = next((values for name, values in headers.items() if name.lower() == "origin"), None)
    if not isinstance(origins, list) or len(origins) != 1 or origins[0] not in ALLOWED_ORIGINS:
        return {"Vary": "Origin"}
    return {"Vary": "Origin", "Access-Control-Allow-Origin": origins[0]}

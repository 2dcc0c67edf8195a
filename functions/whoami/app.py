"""GET /me: the sample protected route. Answers with what the authorizer passed on.

It has no layer, as your own functions need none: Lambda's own SDK is the one that they import.
"""

import json

PASSED_ON = ("sub", "sid", "client_id", "scope", "roles", "jti", "exp")
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Type": "application/json; charset=utf-8",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}


def handler(event: dict[str, dict[str, dict[str, str]]], _context: object) -> dict[str, object]:
    """Answer with the caller, as every function behind the authorizer gets it from API Gateway.

    Raises:
        KeyError: the route has no authorizer. API Gateway then answers with 503.

    """
    caller = event["requestContext"]["authorizer"]
    known = {"sub": caller["sub"], **{name: caller.get(name, "") for name in PASSED_ON[1:]}}
    return {"statusCode": 200, "headers": HEADERS, "body": json.dumps(known, separators=(",", ":"))}

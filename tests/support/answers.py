"""The exact bytes and headers of the API's errors and empty answers."""

from tests.support.stack import Answer

SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}
# Every page of a browser may read a public document.
PUBLIC_HEADERS = {**SECURITY_HEADERS, "Access-Control-Allow-Origin": "*"}
JSON_TYPE = "application/json; charset=utf-8"
NO_STORE = {"Cache-Control": "no-store", **SECURITY_HEADERS}
ERROR_HEADERS = {**NO_STORE, "Content-Type": JSON_TYPE}


def error(status: int, code: str, description: str, **headers: str) -> Answer:
    """Return an error with its exact body and headers."""
    body = f'{{"error":"{code}","error_description":"{description}"}}'
    return Answer(status, {**ERROR_HEADERS, **headers}, body)


INVALID_REQUEST = error(400, "invalid_request", "The request is malformed.")
UNSUPPORTED_GRANT_TYPE = error(400, "unsupported_grant_type", "The grant type is not supported.")
INVALID_GRANT = error(400, "invalid_grant", "The refresh token is not valid.")
INVALID_PROOF = error(400, "invalid_proof", "The link or the code is not valid any more.")
INVALID_SCOPE = error(400, "invalid_scope", "The requested scope exceeds what was granted.")
INVALID_CREDENTIALS = error(401, "invalid_credentials", "The user name or password is wrong.")
INVALID_TOKEN = error(
    401,
    "invalid_token",
    "The access token is missing or not valid.",
    **{"WWW-Authenticate": 'Bearer error="invalid_token"'},
)
NOT_FOUND = error(404, "not_found", "There is no such route.")
UNKNOWN_SESSION = error(404, "not_found", "There is no such session.")
UNSUPPORTED_MEDIA_TYPE = error(415, "unsupported_media_type", "The content type is not supported.")
UNAVAILABLE = error(
    503, "temporarily_unavailable", "The service is temporarily unavailable. Try again later.", **{"Retry-After": "1"}
)


def too_many_attempts(retry_after_seconds: int) -> Answer:
    """Return the answer to a client over a limit: RFC 6585 §4."""
    waiting = {"Retry-After": str(retry_after_seconds)}
    return error(429, "too_many_attempts", "Too many attempts. Try again later.", **waiting)


ACCEPTED = Answer(202, NO_STORE, "")
NO_CONTENT = Answer(204, NO_STORE, "")
REVOKED = Answer(200, NO_STORE, "")
"""The answer to a revocation's form: RFC 7009 §2.2."""


def method_not_allowed(*allowed: str) -> Answer:
    """Return the answer to another method. It names the allowed methods: RFC 9110 §15.5.6."""
    return error(405, "method_not_allowed", "The method is not allowed here.", Allow=", ".join(allowed))

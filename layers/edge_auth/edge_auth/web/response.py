"""Responses as API Gateway's proxy integration wants them, and the one table from error to HTTP."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from edge_auth.errors import (
    AuthError,
    InvalidCredentials,
    InvalidGrant,
    InvalidRequest,
    InvalidScope,
    InvalidToken,
    MethodNotAllowed,
    NotFound,
    PasswordCommon,
    PasswordGuessable,
    PasswordTooLong,
    PasswordTooShort,
    TemporarilyUnavailable,
    TooManyAttempts,
    UnknownSession,
    UnsupportedGrantType,
    UnsupportedMediaType,
    UsernameRefused,
    UsernameTaken,
)

NO_STORE: Mapping[str, str] = MappingProxyType({"Cache-Control": "no-store"})  # RFC 6749 §5.1

_SECURITY_HEADERS = {
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",  # RFC 6797; ASVS 3.4.1
    "X-Content-Type-Options": "nosniff",
}


class Answer(NamedTuple):
    """What the HTTP side of an error is, beside its body."""

    status: int
    headers: Mapping[str, str] = MappingProxyType({})


ANSWERS: Mapping[type[AuthError], Answer] = {
    InvalidRequest: Answer(400),
    UnsupportedGrantType: Answer(400),
    InvalidGrant: Answer(400),
    InvalidScope: Answer(400),
    PasswordTooShort: Answer(400),
    PasswordTooLong: Answer(400),
    PasswordCommon: Answer(400),
    PasswordGuessable: Answer(400),
    UsernameRefused: Answer(400),
    InvalidCredentials: Answer(401),
    InvalidToken: Answer(401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}),  # RFC 6750 §3
    NotFound: Answer(404),
    UnknownSession: Answer(404),
    MethodNotAllowed: Answer(405),
    UsernameTaken: Answer(409),  # RFC 9110 §15.5.10
    UnsupportedMediaType: Answer(415),
    TooManyAttempts: Answer(429),  # RFC 6585 §4; with the Retry-After of the occasion
    TemporarilyUnavailable: Answer(503, {"Retry-After": "1"}),  # RFC 9110 §10.2.3, in seconds
}


class Response(NamedTuple):
    """One response. `body` None is no body; anything else is sent as JSON."""

    status: int
    body: object = None
    headers: Mapping[str, str] = NO_STORE

    def to_event(self) -> dict[str, object]:
        """Return the response as API Gateway wants it."""
        headers = {**_SECURITY_HEADERS, **self.headers}
        if self.body is None:
            return {"statusCode": self.status, "headers": headers, "body": ""}
        headers["Content-Type"] = "application/json; charset=utf-8"
        return {
            "statusCode": self.status,
            "headers": headers,
            "body": json.dumps(self.body, separators=(",", ":")),
        }


def error_response(error: AuthError, headers: Mapping[str, str] | None = None) -> Response:
    """Return what the client may know of an error: RFC 6749 §5.2. `headers` are added to those of its kind."""
    answer = ANSWERS[type(error)]
    body = {"error": error.code, "error_description": error.description}
    return Response(answer.status, body, {**NO_STORE, **answer.headers, **(headers or {})})

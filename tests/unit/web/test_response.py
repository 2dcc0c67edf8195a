"""Responses, and how errors become responses."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from edge_auth import errors
from edge_auth.adapters.aws import AwsError
from edge_auth.errors import (
    AuthError,
    InvalidCredentials,
    InvalidGrant,
    InvalidProof,
    InvalidToken,
    TemporarilyUnavailable,
)
from edge_auth.flows.grant import TokenGrant
from edge_auth.passkey_errors import InvalidPasskey
from edge_auth.sessions.session import BODY, COOKIE
from edge_auth.tokens.verifier import UnknownKey
from edge_auth.web.response import Response, error_response
from edge_auth.web.token_response import token_response
from tests.support.errors import ERRORS, example

STATUSES = {
    "invalid_request": 400,
    "unsupported_grant_type": 400,
    "invalid_grant": 400,
    "invalid_credentials": 401,
    "email_refused": 400,
    "email_not_confirmed": 403,
    "invalid_otp": 401,
    "insufficient_user_authentication": 401,
    "no_factor": 404,
    "factor_required": 409,
    "factor_locked": 401,
    "mfa_required": 401,
    "mfa_enrolment_required": 401,
    "invalid_token": 401,
    "csrf_failed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "unsupported_media_type": 415,
    "invalid_proof": 400,
    "invalid_scope": 400,
    "invalid_passkey": 401,
    "passkey_refused": 400,
    "too_many_passkeys": 409,
    "last_way_in": 409,
    "password_common": 400,
    "password_guessable": 400,
    "password_too_long": 400,
    "password_too_short": 400,
    "username_refused": 400,
    "username_taken": 409,
    "too_many_attempts": 429,
    "temporarily_unavailable": 503,
}


def headers_of(response: Response) -> dict[str, Any]:
    """Return the headers as API Gateway gets them."""
    headers: dict[str, Any] = response.to_event()["headers"]  # type: ignore[assignment]  # JSON of our own making
    return headers


def test_every_error_has_an_answer() -> None:
    """Every error class has a status, a code and a description, or inherits them from its parent class (L1)."""
    assert {kind.code for kind in ERRORS} == STATUSES.keys()
    assert all(kind.status == STATUSES[kind.code] and kind.description for kind in ERRORS)


def test_a_kind_of_a_kind_is_answered_like_the_kind() -> None:
    """A subclass at any depth is answered like its parent. AWS errors and unknown keys are such subclasses."""

    class Finer(InvalidToken):
        """One level down."""

    class Finest(Finer):
        """Two levels down."""

    assert error_response(Finest("detail")) == error_response(InvalidToken("another"))
    assert {AwsError, UnknownKey} <= set(ERRORS)


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_answered_with_their_status(error: type[AuthError]) -> None:
    """The table STATUSES has the status of every code."""
    response = error_response(example(error))
    assert (response.status, error.code) == (STATUSES[error.code], error.code)


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_body_is_code_and_description_and_never_the_detail(error: type[AuthError]) -> None:
    """The body uses only the characters of RFC 6749 §5.2 (A12). Some errors have a token to go on with."""
    refusal = example(error, "s3cret detail")
    event = error_response(refusal).to_event()
    assert "s3cret" not in json.dumps(event)
    assert json.loads(str(event["body"])) == {
        "error": error.code,
        "error_description": error.description,
        **refusal.members,
    }
    for text in (error.code, error.description):
        assert re.fullmatch(r"[\x20\x21\x23-\x5b\x5d-\x7e]+", text)


@pytest.mark.parametrize("error", ERRORS)
def test_errors_are_never_stored(error: type[AuthError]) -> None:
    """Browsers do not sniff the type either, and use only HTTPS (A11, C14)."""
    headers = headers_of(error_response(example(error)))
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_a_bad_token_is_challenged() -> None:
    """RFC 6750 §3 requires the challenge (Z7)."""
    assert headers_of(error_response(InvalidToken()))["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert "WWW-Authenticate" not in headers_of(error_response(InvalidGrant()))


def test_an_outage_says_when_to_retry() -> None:
    """`Retry-After` is in seconds (DC-3)."""
    assert headers_of(error_response(TemporarilyUnavailable()))["Retry-After"] == "1"


def test_two_details_of_one_error_are_the_same_bytes() -> None:
    """A client cannot learn why a token, a proof or a passkey is refused, or whether a user exists (A17, P8)."""
    for error in (InvalidGrant, InvalidCredentials, InvalidProof, InvalidPasskey):
        assert error_response(error("one")).to_event() == error_response(error("another")).to_event()


def test_no_body_is_no_json() -> None:
    """A 204 has no body and no content type."""
    event = Response(204).to_event()
    assert (event["statusCode"], event["body"]) == (204, "")
    assert "Content-Type" not in headers_of(Response(204))
    assert headers_of(Response(204))["Cache-Control"] == "no-store"


def test_an_empty_object_is_a_body() -> None:
    """An empty object is sent as `{}`, and no body as an empty text."""
    assert Response(200, {}).to_event()["body"] == "{}"


def test_a_body_has_no_spaces_between_its_members() -> None:
    """The entity tag of a cacheable answer is computed from the same form."""
    assert Response(200, {"a": [1, 2], "b": 3}).to_event()["body"] == '{"a":[1,2],"b":3}'


def grant(scope: str) -> TokenGrant:
    """Return a grant."""
    return TokenGrant(
        access_token="at",
        expires_in_seconds=900,
        refresh_token="rt",
        refresh_expires_in_seconds=1_209_600,
        session_id="sid",
        scope=scope,
    )


def test_the_token_response_is_rfc_6749s_and_our_two() -> None:
    """The response has exactly these members (A11)."""
    event = token_response(grant("a b"), BODY).to_event()
    assert event["statusCode"] == 200
    assert json.loads(str(event["body"])) == {
        "access_token": "at",
        "token_type": "Bearer",
        "expires_in": 900,
        "refresh_token": "rt",
        "refresh_expires_in": 1_209_600,
        "session_id": "sid",
        "scope": "a b",
    }


def test_no_scope_is_not_mentioned() -> None:
    """An empty scope is malformed, so it is left out (RFC 6749 §3.3)."""
    assert "scope" not in json.loads(str(token_response(grant(""), BODY).to_event()["body"]))


def test_tokens_are_never_stored() -> None:
    """RFC 6749 §5.1 requires both headers (A11)."""
    headers = headers_of(token_response(grant(""), BODY))
    assert (headers["Cache-Control"], headers["Pragma"]) == ("no-store", "no-cache")


def test_a_login_has_a_device_token_too() -> None:
    """In the body, where tokens are in bodies. No cookie is set then."""
    event = token_response(replace(grant(""), device_token="dt"), BODY).to_event()

    assert json.loads(str(event["body"]))["device_token"] == "dt"
    assert "multiValueHeaders" not in event


def test_in_cookies_no_token_that_lives_longer_than_a_page_is_in_the_body() -> None:
    """C1, C3: the refresh token's cookie lives as long as it. A refresh sets no device token."""
    login = token_response(replace(grant("a"), device_token="dt"), COOKIE).to_event()
    refresh = token_response(grant("a"), COOKIE).to_event()

    cookie = "__Host-Http-refresh=rt; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=1209600"
    device = "__Host-Http-device=dt; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=34560000"
    assert login["multiValueHeaders"] == {"Set-Cookie": [cookie, device]}
    assert refresh["multiValueHeaders"] == {"Set-Cookie": [cookie]}
    for event in (login, refresh):
        assert json.loads(str(event["body"])).keys() == {
            "access_token",
            "token_type",
            "expires_in",
            "refresh_expires_in",
            "session_id",
            "scope",
        }
        assert isinstance(event["headers"], dict)
        assert (event["headers"]["Cache-Control"], event["headers"]["Pragma"]) == ("no-store", "no-cache")


def test_errors_for_operators_have_no_answer() -> None:
    """These errors never reach HTTP. An error that users meet too has a code."""
    for_operators = {error for error in errors.AccountError.__subclasses__() if not issubclass(error, AuthError)}
    assert errors.UnknownUser in for_operators
    assert all(not hasattr(error, "status") for error in for_operators)


def test_several_values_of_one_header_are_sent_apart() -> None:
    """Two cookies cannot share one Set-Cookie header (RFC 6265 §3)."""
    event = Response(204, None, {"Cache-Control": "no-store", "Set-Cookie": ("a=1", "b=2")}).to_event()
    assert event["multiValueHeaders"] == {"Set-Cookie": ["a=1", "b=2"]}
    assert "Set-Cookie" not in headers_of(Response(204, None, {"Set-Cookie": ("a=1",)}))
    assert "multiValueHeaders" not in Response(204).to_event()

"""The errors that the product can answer: a protocol code, an HTTP status, and a text that is safe to send.

Those of second factors and of passkeys have modules of their own, so that only their functions load them.

The detail of an error is for the log only. `web/response.py` writes an error as a response.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, ClassVar

__all__ = ["CsrfFailed", "InvalidToken", "TemporarilyUnavailable"]

NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class AuthError(Exception):
    """Base of all errors that have an answer. Never raised directly.

    `status`, `code`, `description` and `headers` are sent to the client. The description never says more than the code.
    `members` are further members of the answer, which the client needs to go on. They may be secret.
    `detail` says what really happened and never leaves the process.
    """

    status: ClassVar[int]
    code: ClassVar[str]
    description: ClassVar[str]
    headers: Mapping[str, str] = NO_HEADERS
    members: Mapping[str, Any] = NO_HEADERS

    def __init__(self, detail: str = "") -> None:
        """Keep `detail`, which must hold no token, password or key."""
        super().__init__(detail)
        self.detail = detail


# --- Requests ---


class InvalidRequest(AuthError):
    """The request is malformed: RFC 6749 §5.2."""

    status = 400
    code = "invalid_request"
    description = "The request is malformed."


class NotFound(AuthError):
    """The route does not exist."""

    status = 404
    code = "not_found"
    description = "There is no such route."


class MethodNotAllowed(AuthError):
    """The route does not serve this method. RFC 9110 §15.5.6: the answer names the methods that it serves."""

    status = 405
    code = "method_not_allowed"
    description = "The method is not allowed here."

    def __init__(self, allowed: Iterable[str]) -> None:
        """Keep the methods that the route serves."""
        super().__init__()
        self.headers = {"Allow": ", ".join(allowed)}


class UnsupportedMediaType(AuthError):
    """The route does not read this format: RFC 9110 §15.5.16."""

    status = 415
    code = "unsupported_media_type"
    description = "The content type is not supported."


class CsrfFailed(AuthError):
    """The request has cookies, and nothing shows that a page of an allowed origin sent it."""

    status = 403
    code = "csrf_failed"
    description = "The request is not from an allowed page."


class TooManyAttempts(AuthError):
    """The client has to wait: RFC 6585 §4. It may try again after `retry_after_seconds`."""

    status = 429
    code = "too_many_attempts"
    description = "Too many attempts. Try again later."

    def __init__(self, retry_after_seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__(f"wait {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds
        self.headers = {"Retry-After": str(retry_after_seconds)}


class TemporarilyUnavailable(AuthError):
    """Infrastructure trouble. Nothing is decided, and the client keeps its session."""

    status = 503
    code = "temporarily_unavailable"
    description = "The service is temporarily unavailable. Try again later."
    headers = MappingProxyType({"Retry-After": "1"})  # RFC 9110 §10.2.3, in seconds


class GuessNotCounted(TemporarilyUnavailable):
    """A guess at a secret was compared, or may have been, and nothing has counted it as wrong."""


# --- Sign in, tokens and sessions ---


class InvalidCredentials(AuthError):
    """The user name or the password is wrong. The answer never says which."""

    status = 401
    code = "invalid_credentials"
    description = "The user name or password is wrong."


class NotYet(Exception):
    """All that was shown is right, and the user has to do something else first. Each such error is an AuthError too."""


class EmailNotConfirmed(NotYet, AuthError):
    """The password is right, and the user has to confirm the address first. Only the right password learns this."""

    status = 403
    code = "email_not_confirmed"
    description = "The mail address is not confirmed yet."


class InvalidToken(AuthError):
    """The access token is missing, malformed, forged or expired: RFC 6750 §3.1."""

    status = 401
    code = "invalid_token"
    description = "The access token is missing or not valid."
    headers = MappingProxyType({"WWW-Authenticate": 'Bearer error="invalid_token"'})  # RFC 6750 §3


class InsufficientAuthentication(AuthError):
    """The login is too weak or too old for the route: RFC 9470 §3. The access token itself is valid."""

    status = 401
    code = "insufficient_user_authentication"
    description = "The route needs a stronger or a newer login."

    def __init__(self, detail: str, *, acr: str, max_age_seconds: int) -> None:
        """Name in the challenge what the route demands. An empty `acr` or a `max_age_seconds` of 0 demands nothing."""
        super().__init__(detail)
        level = f', acr_values="{acr}"' if acr else ""
        age = f', max_age="{max_age_seconds}"' if max_age_seconds else ""
        self.headers = {"WWW-Authenticate": f'Bearer error="{self.code}"{level}{age}'}


class UnsupportedGrantType(AuthError):
    """The grant type is not `refresh_token`: RFC 6749 §5.2."""

    status = 400
    code = "unsupported_grant_type"
    description = "The grant type is not supported."


class InvalidGrant(AuthError):
    """The refresh token is not valid. The answer does not say why: RFC 6749 §5.2."""

    status = 400
    code = "invalid_grant"
    description = "The refresh token is not valid."


class InvalidScope(AuthError):
    """The requested scope is malformed, or wider than the scope of the session: RFC 6749 §5.2."""

    status = 400
    code = "invalid_scope"
    description = "The requested scope exceeds what was granted."


class UnknownSession(AuthError):
    """The caller has no living session with this id. The session of another user gets the same answer."""

    status = 404
    code = "not_found"
    description = "There is no such session."


class InvalidProof(AuthError):
    """The link or the code is not valid, was used, or has expired. The answer does not say which."""

    status = 400
    code = "invalid_proof"
    description = "The link or the code is not valid any more."


# --- Accounts ---


class AccountError(Exception):
    """An operator's act on an account is refused. The text is for the operator.

    An error that users get too is also an AuthError: operators read the detail, and clients read the description.
    """


class UnknownUser(AccountError):
    """No account has this user name or id."""


class UserChanged(AccountError):
    """The account was changed at the same time, or deleted; the text says what was done."""


class RightsRefused(AccountError):
    """Scope or roles break a rule; the text says which."""


class ClaimsRefused(AccountError):
    """An own claim breaks a rule; the text says which."""


class AmbiguousUser(AccountError):
    """One user has this text as the name, and another as the id. Nothing was done."""


class UsernameTaken(AuthError, AccountError):
    """An account with this user name exists."""

    status = 409  # RFC 9110 §15.5.10
    code = "username_taken"
    description = "The user name is taken."


class UsernameRefused(AuthError, AccountError):
    """The user name breaks a rule; the text says which."""

    status = 400
    code = "username_refused"
    description = "The user name is not allowed."


class EmailRefused(AuthError, AccountError):
    """The mail address breaks a rule; the text says which."""

    status = 400
    code = "email_refused"
    description = "The mail address is not allowed."


class PasswordRefused(AccountError):
    """The new password breaks a rule; the text says which."""


class PasswordTooShort(AuthError, PasswordRefused):
    """The new password has too few characters."""

    status = 400
    code = "password_too_short"
    description = "The new password is too short."


class PasswordTooLong(AuthError, PasswordRefused):
    """The new password has too many characters."""

    status = 400
    code = "password_too_long"
    description = "The new password is too long."


class PasswordCommon(AuthError, PasswordRefused):
    """The new password is a common one, which attackers try first."""

    status = 400
    code = "password_common"
    description = "The new password is too common."


class PasswordGuessable(AuthError, PasswordRefused):
    """The new password is the name of the user or of the service."""

    status = 400
    code = "password_guessable"
    description = "The new password is the name of the user or of the service."

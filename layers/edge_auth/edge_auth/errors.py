"""Every error the product can answer: a protocol code, a text that is safe to send, and a detail that is not.

The detail is for the log only. `web/response.py` maps each code to its HTTP status.
"""

from typing import ClassVar


class AuthError(Exception):
    """Base of all errors that have an answer. Never raised directly.

    `code` and `description` are sent to the client; the description never says more than the code.
    `detail` says what really happened and never leaves the process.
    """

    code: ClassVar[str]
    description: ClassVar[str]

    def __init__(self, detail: str = "") -> None:
        """Keep `detail`, which must hold no token, password or key."""
        super().__init__(detail)
        self.detail = detail


class InvalidRequest(AuthError):
    """The request is malformed: RFC 6749 §5.2."""

    code = "invalid_request"
    description = "The request is malformed."


class UnsupportedGrantType(AuthError):
    """A grant type other than `refresh_token`: RFC 6749 §5.2."""

    code = "unsupported_grant_type"
    description = "The grant type is not supported."


class InvalidGrant(AuthError):
    """The refresh token is not valid any more, for whatever reason: RFC 6749 §5.2."""

    code = "invalid_grant"
    description = "The refresh token is not valid."


class InvalidScope(AuthError):
    """The requested scope is malformed, or more than the session has: RFC 6749 §5.2."""

    code = "invalid_scope"
    description = "The requested scope exceeds what was granted."


class InvalidCredentials(AuthError):
    """Wrong user name or password; which of them is never said."""

    code = "invalid_credentials"
    description = "The user name or password is wrong."


class InvalidToken(AuthError):
    """The access token is missing, malformed, forged or expired: RFC 6750 §3.1."""

    code = "invalid_token"
    description = "The access token is missing or not valid."


class NotFound(AuthError):
    """There is no such route."""

    code = "not_found"
    description = "There is no such route."


class UnknownSession(AuthError):
    """No living session of the caller's has this id: another's, an ended one and none read the same."""

    code = "not_found"
    description = "There is no such session."


class MethodNotAllowed(AuthError):
    """The route does not serve this method: RFC 9110 §15.5.6."""

    code = "method_not_allowed"
    description = "The method is not allowed here."


class UnsupportedMediaType(AuthError):
    """The body is in a format that the route does not read: RFC 9110 §15.5.16."""

    code = "unsupported_media_type"
    description = "The content type is not supported."


class TooManyAttempts(AuthError):
    """Too many attempts came before this one: RFC 6585 §4. `retry_after_seconds` is when the next one may be made."""

    code = "too_many_attempts"
    description = "Too many attempts. Try again later."

    def __init__(self, retry_after_seconds: int) -> None:
        """Keep how long to wait."""
        super().__init__(f"wait {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class TemporarilyUnavailable(AuthError):
    """Infrastructure trouble: the answer is unknown, nothing is decided, the client keeps its session."""

    code = "temporarily_unavailable"
    description = "The service is temporarily unavailable. Try again later."


class AccountError(Exception):
    """An operator's act on an account that cannot be done; the text is for the operator.

    What users can run into as well is an AuthError too: an operator reads the detail, a client the description.
    """


class UnknownUser(AccountError):
    """No account has this user name."""


class UserChanged(AccountError):
    """Somebody else changed the account meanwhile."""


class UsernameTaken(AuthError, AccountError):
    """An account with this user name exists."""

    code = "username_taken"
    description = "The user name is taken."


class UsernameRefused(AuthError, AccountError):
    """The user name breaks a rule; the text says which."""

    code = "username_refused"
    description = "The user name is not allowed."


class RightsRefused(AccountError):
    """Scope or roles break a rule; the text says which."""


class PasswordRefused(AccountError):
    """The new password breaks a rule; the text says which."""


class PasswordTooShort(AuthError, PasswordRefused):
    """The new password has too few characters."""

    code = "password_too_short"
    description = "The new password is too short."


class PasswordTooLong(AuthError, PasswordRefused):
    """The new password has too many characters."""

    code = "password_too_long"
    description = "The new password is too long."


class PasswordCommon(AuthError, PasswordRefused):
    """The new password is one of those that are tried first."""

    code = "password_common"
    description = "The new password is too common."


class PasswordGuessable(AuthError, PasswordRefused):
    """The new password is a name that everybody knows."""

    code = "password_guessable"
    description = "The new password is the name of the user or of the service."

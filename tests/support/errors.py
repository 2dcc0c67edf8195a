"""All errors that have an answer, and an example of each."""

from collections.abc import Iterator

import edge_auth.passkey_errors  # noqa: F401 - its errors have answers too
from edge_auth.adapters.aws import AwsError
from edge_auth.errors import AuthError, InsufficientAuthentication, MethodNotAllowed, TooManyAttempts
from edge_auth.factor_errors import MfaEnrolmentRequired, MfaRequired
from edge_auth.tokens.verifier import UnknownKey


def kinds(base: type[AuthError] = AuthError) -> Iterator[type[AuthError]]:
    """Yield every error class with an answer, at any depth."""
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


ERRORS = sorted(set(kinds()), key=lambda error: error.__name__)


def example(  # noqa: PLR0911 - one for each form
    kind: type[AuthError], detail: str = "detail"
) -> AuthError:
    """Return an error of this class, with the detail if the class takes one."""
    if kind is TooManyAttempts:
        return TooManyAttempts(7)
    if kind in (MfaRequired, MfaEnrolmentRequired):
        return kind("a-token")
    if kind is InsufficientAuthentication:
        return InsufficientAuthentication(detail, acr="2fa", max_age_seconds=300)
    if kind is MethodNotAllowed:
        return MethodNotAllowed(["GET", "POST"])
    if kind is UnknownKey:
        return UnknownKey(detail)
    if kind is AwsError:
        return AwsError("GetItem", detail)
    return kind(detail)

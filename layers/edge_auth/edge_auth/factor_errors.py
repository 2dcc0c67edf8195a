"""The errors of second factors, and of the last way to log in.

A deployment without second factors and passkeys does not load them.
"""

from collections.abc import Mapping

from edge_auth.errors import AuthError, NotYet


class InvalidOtp(AuthError):
    """The one-time password or recovery code is wrong, or was used. The password was right."""

    status = 401
    code = "invalid_otp"
    description = "The code is wrong or was used."


class FactorLocked(AuthError):
    """Too many wrong codes came. A recovery code or an operator unlocks the factor."""

    status = 401
    code = "factor_locked"
    description = "Too many wrong codes. Use a recovery code."


class MfaRequired(AuthError):
    """The password or the proof of a reset was right, and the second factor is missing. Nothing was opened or set."""

    status = 401
    code = "mfa_required"
    description = "A second factor is required."

    def __init__(
        self, mfa_token: str = "", *, has_app: bool = True, passkey: Mapping[str, object] | None = None
    ) -> None:
        """Keep the token with which a login goes on. It shows that the password was right, and nothing else.

        `has_app` says that a code will do. `passkey` are the options with which a browser asks for a passkey, if one
        will do.
        """
        super().__init__()
        methods = [*(["otp"] if has_app else []), *(["passkey"] if passkey else [])]
        if mfa_token:
            self.members = {"mfa_token": mfa_token, "methods": methods, **({"passkey": passkey} if passkey else {})}


class MfaEnrolmentRequired(NotYet, AuthError):
    """The password was right, and the user has to set up a second factor before any login. Nothing was opened."""

    status = 401
    code = "mfa_enrolment_required"
    description = "A second factor has to be set up first."

    def __init__(self, enrolment_token: str) -> None:
        """Keep the token with which the user can set up a factor. It is good for nothing else."""
        super().__init__()
        self.members = {"enrolment_token": enrolment_token}


class NoFactor(AuthError):
    """The caller has no second factor."""

    status = 404
    code = "no_factor"
    description = "The account has no second factor."


class FactorRequired(AuthError):
    """The caller must have a second factor, so the only one cannot be removed. Another can take its place."""

    status = 409
    code = "factor_required"
    description = "The account must have a second factor."


class LastWayIn(AuthError):
    """Without it a user who has no password would have one device only, or none, to log in with."""

    status = 409
    code = "last_way_in"
    description = "The account would have no way to log in."

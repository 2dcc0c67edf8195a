"""The errors of passkeys. Only the functions of passkeys load them."""

from edge_auth.errors import AuthError


class InvalidPasskey(AuthError):
    """The passkey is not accepted: unknown, of a disabled user, forged, or used before. The answer never says which."""

    status = 401
    code = "invalid_passkey"
    description = "The passkey is not accepted."


class PasskeyRefused(AuthError):
    """What the browser sent is no new passkey of this user."""

    status = 400
    code = "passkey_refused"
    description = "The passkey cannot be registered."


class TooManyPasskeys(AuthError):
    """The user has as many passkeys as are allowed."""

    status = 409
    code = "too_many_passkeys"
    description = "The account has too many passkeys."


class UnknownPasskey(AuthError):
    """The caller has no passkey with this id."""

    status = 404
    code = "not_found"
    description = "There is no such passkey."

"""An authenticator app of a user, and the recovery codes on paper."""

import os
from dataclasses import replace

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import Identity
from edge_auth.credentials import recovery_codes
from edge_auth.credentials.sealed_secret import seal
from edge_auth.credentials.totp import STEP_SECONDS, code_of
from edge_auth.flows.factors.factor_check import PURPOSE
from edge_auth.keys.sealing_key import SealingKeys

SECRET = b"12345678901234567890"
CODES = tuple(f"{letter}7KQ2-MXW9{letter}" for letter in "ABCDEFGHJK")


def with_app(identity: Identity, keys: SealingKeys, *, failures: int = 0) -> Identity:
    """Return the user with an app that was enrolled before, and with ten recovery codes."""
    factors = app_of(identity.user_id, keys, failures=failures)
    return replace(identity, factors=factors, factors_version=identity.factors_version + 1)


def app_of(user_id: str, keys: SealingKeys, *, failures: int = 0) -> Factors:
    """Return the factors of a user with this app, as they are stored."""
    return Factors(
        totp=seal(SECRET, keys.newest, purpose=PURPOSE, user_id=user_id, entropy=os.urandom),
        totp_step=0,
        failures=failures,
        recovery=recovery_codes.kept(CODES, keys.newest, user_id),
    )


def shown_by_app(now_seconds: int, *, steps: int = 0, secret: bytes = SECRET) -> str:
    """Return what the app shows at this time, or some steps later."""
    return code_of(secret, now_seconds // STEP_SECONDS + steps)


def a_wrong_code(now_seconds: int) -> str:
    """Return a code that the app does not show at this time, or a step before or after it."""
    shown = {shown_by_app(now_seconds, steps=steps) for steps in (-1, 0, 1)}
    return next(code for code in ("000000", "111111", "222222", "333333") if code not in shown)

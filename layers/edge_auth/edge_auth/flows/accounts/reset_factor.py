"""The second factor of a password reset: it is asked of a user who has one, beside the proof from the mail (SA1)."""

from collections.abc import Callable
from functools import partial

from edge_auth.accounts.identity import Identity
from edge_auth.errors import InvalidRequest, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp, MfaRequired
from edge_auth.flows.accounts.reset_password import NOTHING_MORE, Demanded
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.factors import FactorUse, Presented
from edge_auth.throttling.limits import reset_factor_limit


class ResetFactor:
    """The check. Whoever has the mailbox of a user has the proof, and must not have the account with it alone."""

    def __init__(
        self,
        *,
        check: FactorCheck,
        limit: PasswordAttemptLimit,
        record: Record,
        tell_code_used: Callable[[Identity], None],
    ) -> None:
        """Keep what the check needs. `tell_code_used` tells of a recovery code by mail, and never fails."""
        self._check = check
        self._limit = limit
        self._record = record
        self._tell_code_used = tell_code_used

    def __call__(self, user: Identity, presented: Presented) -> Demanded:
        """Check the code. Only the write that spends the proof uses it up, so neither is lost without the other.

        Raises:
            MfaRequired: the user has a factor, and no code was presented. The proof stays good.
            TooManyAttempts: too many attempts came before, in resets of this user.
            InvalidRequest: there are two codes.
            InvalidOtp, FactorLocked: the code is refused, and that is counted.
            TemporarilyUnavailable: nothing was decided.

        """
        if user.factors is None:
            return NOTHING_MORE
        if not (presented.otp or presented.recovery_code):
            raise MfaRequired
        if presented.otp and presented.recovery_code:
            raise InvalidRequest("two codes")
        attempt = self._limit.admit(reset_factor_limit(user.user_id))
        try:
            use = self._check(user, user.factors, presented)
        except (InvalidOtp, FactorLocked):
            self._limit.failed(attempt, user.user_id)
            raise
        except TemporarilyUnavailable as error:
            self._limit.undecided(attempt, error, user.user_id)
            raise
        self._limit.succeeded(attempt, user.user_id)  # whatever becomes of the write, nothing was wrong
        return Demanded(use, partial(self._accepted, user, use))

    def _accepted(self, user: Identity, use: FactorUse) -> None:
        if use.recovery_code:
            self._record(SecurityEvent(EventName.RECOVERY_CODE_USED, user.user_id, reason=use.left))
            self._tell_code_used(user)

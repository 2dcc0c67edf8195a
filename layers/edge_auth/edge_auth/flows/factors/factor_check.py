"""Checks a second factor: a code of an authenticator app, or a recovery code in its place."""

from collections.abc import Callable

from edge_auth.accounts.factors import FORGIVEN_BY_A_RIGHT_CODE, MAX_FAILURES, Factors
from edge_auth.accounts.identity import Identity
from edge_auth.credentials import recovery_codes, totp
from edge_auth.credentials.sealed_secret import NotSealed, is_under, seal, unseal
from edge_auth.errors import GuessNotCounted, InvalidRequest, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp
from edge_auth.flows.ports.factors import FactorStore, FactorUse, Presented, SealingKeySource
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy

PURPOSE = "totp"  # of a sealed secret


class FactorCheck:
    """The check. Whoever calls it has counted the attempt before."""

    def __init__(
        self,
        *,
        store: FactorStore,
        sealing_keys: SealingKeySource,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        tell_locked: Callable[[Identity], None] | None = None,
    ) -> None:
        """Keep what the check needs. `tell_locked` tells a user by mail. It is there only where mail is on."""
        self._store = store
        self._sealing_keys = sealing_keys
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._tell_locked = tell_locked

    def __call__(self, identity: Identity, factors: Factors, presented: Presented) -> FactorUse:
        """Check the one code that was presented. A wrong one is counted. Return what the write that follows does.

        A code is accepted only by that write: another request may use it first.

        Raises:
            InvalidRequest: there are two codes, or none.
            InvalidOtp: the code is wrong, or was used.
            FactorLocked: too many wrong codes came, and this is no recovery code.
            TemporarilyUnavailable: nothing was decided. It is GuessNotCounted if the code was wrong.

        """
        if bool(presented.otp) == bool(presented.recovery_code):
            raise InvalidRequest("one code")
        try:
            return (
                self._of_app(identity, factors, presented.otp)
                if presented.otp
                else self._of_paper(identity, factors, presented.recovery_code)
            )
        except InvalidOtp:
            self._count_failure(identity, factors)
            raise

    def _of_app(self, identity: Identity, factors: Factors, otp: str) -> FactorUse:
        if factors.is_locked:
            raise FactorLocked("too many wrong codes")
        keys = self._sealing_keys.load()
        try:
            secret = unseal(factors.totp, keys, purpose=PURPOSE, user_id=identity.user_id)
        except NotSealed as error:
            # Perhaps the key was lost. The user cannot mend that, and must not be told that the code is wrong.
            raise TemporarilyUnavailable(f"the sealed secret of a second factor cannot be read: {error}") from None
        step = totp.matched_step(otp, secret, now_seconds=self._clock() // 1000, after_step=factors.totp_step)
        forgiven = min(FORGIVEN_BY_A_RIGHT_CODE, factors.failures)
        use = FactorUse(identity.factors_version, totp_step=step, forgiven=forgiven)
        if is_under(factors.totp, keys.newest):
            return use
        sealed = seal(secret, keys.newest, purpose=PURPOSE, user_id=identity.user_id, entropy=self._entropy)
        return use._replace(totp=sealed)

    def _of_paper(self, identity: Identity, factors: Factors, text: str) -> FactorUse:
        keys = self._sealing_keys.load()
        code = recovery_codes.matched_code(text, factors.recovery, keys, identity.user_id)
        left = f"{len(factors.recovery) - 1} left"
        return FactorUse(identity.factors_version, recovery_code=code, left=left)

    def _count_failure(self, identity: Identity, factors: Factors) -> None:
        try:
            failures = self._store.count_failure(identity)
        except EpochMoved:
            raise GuessNotCounted("the factors changed during the check of a code") from None
        except TemporarilyUnavailable as error:
            raise GuessNotCounted(error.detail) from error
        # After a lost answer a failure may count twice. So the number may never have been exactly this one.
        if failures >= MAX_FAILURES and not factors.is_locked:
            self._record(SecurityEvent(EventName.FACTOR_LOCKED, identity.user_id))
            if self._tell_locked:
                self._tell_locked(identity)

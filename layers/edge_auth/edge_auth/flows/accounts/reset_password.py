"""Sets a new password with a proof from a mail. It opens no session (SA1), and ends all of the user.

A user who has registered and waits for the confirmation of the address has it confirmed by that: the mail went to it.
So the first password ends before the account can be used. Perhaps somebody has registered with another's address, and
knows it (SC1).
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.credentials.password_rules import PasswordRules
from edge_auth.credentials.passwords import check_password, hash_password
from edge_auth.credentials.profiles import OUR_PROFILES
from edge_auth.errors import InvalidCredentials, InvalidProof, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.new_challenge import reset_binding
from edge_auth.flows.accounts.shown_proof import Proven, Shown, ShownProofs
from edge_auth.flows.limits.password_attempts import PasswordAttemptLimit
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.challenges import ProofSpent, Redemptions
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.throttling.limits import account_bucket, used_proof_limit
from edge_auth.tokens.proof_token import Kind

if TYPE_CHECKING:
    from edge_auth.flows.ports.factors import FactorUse

PASSWORD_RESET = "password_reset"


class Demanded(NamedTuple):
    """What a reset needs beside the proof: the use of a second factor, and what to do when it was accepted."""

    use: "FactorUse | None"
    accepted: Callable[[], None]


NOTHING_MORE = Demanded(None, lambda: None)

CheckFactor = Callable[[Identity], Demanded]
"""Checks the second factor of a user who has enrolled one. Raises an AuthError if it is missing or wrong."""


def no_second_factor(user: Identity) -> Demanded:
    """Ask for nothing: the deployment has no second factors. A user who has one must not do without it (SA4)."""
    if user.factors is not None:
        raise TemporarilyUnavailable("the user has a second factor, and second factors are off")
    return NOTHING_MORE


class ResetPassword:
    """The use case."""

    def __init__(
        self,
        *,
        shown_proofs: ShownProofs,
        redemptions: Redemptions,
        password_rules: PasswordRules,
        attempts: Attempts,
        limit: PasswordAttemptLimit,
        end_sessions: EndSessions,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        tell_new_password: Callable[[Identity], None],
    ) -> None:
        """Keep what the use case needs. `tell_new_password` tells the user by mail, and never fails."""
        self._shown_proofs = shown_proofs
        self._redemptions = redemptions
        self._password_rules = password_rules
        self._attempts = attempts
        self._limit = limit
        self._end_sessions = end_sessions
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._tell_new_password = tell_new_password

    def __call__(self, shown: Shown, new: str, *, address: str, check_factor: CheckFactor = no_second_factor) -> None:
        """Set the password, end the wait of the account, and end all sessions.

        `address` is where the request came from. `check_factor` is called before the proof is spent (SA1). What it
        demands is written together with the password.

        Raises:
            InvalidRequest: no user can have this name, or the password does not have the right form.
            PasswordTooShort, PasswordTooLong, PasswordCommon, PasswordGuessable: the password breaks a rule. The proof
                stays good.
            InvalidProof: the proof is not valid any more, or the user is disabled.
            TooManyAttempts: too many codes came from this source, or passwords with a used proof.
            TemporarilyUnavailable: the password is not known to be set, or the sessions are not known to have ended.
                The same call may be made again, even if the password was set.

        """
        self._password_rules.check(new, shown.username)  # before a guess at a code is counted
        try:
            user = self._set(shown, new, address, check_factor)
        except InvalidProof as error:
            self._record(SecurityEvent(EventName.PROOF_REFUSED, reason=error.detail))
            raise
        self._record(SecurityEvent(EventName.PASSWORD_RESET, user.user_id))
        if user.status == UNCONFIRMED:
            self._record(SecurityEvent(EventName.EMAIL_CONFIRMED, user.user_id))
        self._tell_new_password(user)
        self._end_sessions.all(user.user_id, reason=PASSWORD_RESET)

    def _set(self, shown: Shown, new: str, address: str, check_factor: CheckFactor) -> Identity:
        proven = self._shown_proofs.check(Kind.RESET, shown, address=address)
        user = proven.user
        if user.status not in {ACTIVE, UNCONFIRMED}:
            raise InvalidProof("the user is disabled")
        secret = self._password_rules.check(new, user.username)
        if proven.is_spent:
            self._recognise(proven, secret)
            # Only the code shows a user who has a factor. Proof and password alone must not end the wait (SB7).
            if user.factors is None:
                self._end_wait(user)
            return user
        proven.check_binding(reset_binding(user))
        demanded = check_factor(user)
        password_hash = hash_password(secret, entropy=self._entropy)
        try:
            self._redemptions.set_password(
                proven.challenge.proof, user, password_hash, now_seconds=self._clock() // 1000, factor=demanded.use
            )
        except ProofSpent:
            raise InvalidProof("it was used at the same moment, or the user has changed") from None
        except EpochMoved:
            raise TemporarilyUnavailable("the code was used at the same moment, or the user has changed") from None
        demanded.accepted()
        self._end_wait(user)
        return user

    def _end_wait(self, user: Identity) -> None:
        self._attempts.end_wait(account_bucket(user.username))

    def _recognise(self, proven: Proven, new: bytes) -> None:
        """Let a call pass that comes again after its answer was lost: the password is the one that the proof has set.

        A thief of a used proof must not be able to try passwords with it, so these attempts are limited like others.
        """
        user = proven.user
        attempt = self._limit.admit(used_proof_limit(user.user_id))
        try:
            check_password(new, user.password_hash, OUR_PROFILES)
        except InvalidCredentials:
            self._limit.failed(attempt, user.user_id)
            raise InvalidProof("it was used before") from None
        self._limit.succeeded(attempt, user.user_id)

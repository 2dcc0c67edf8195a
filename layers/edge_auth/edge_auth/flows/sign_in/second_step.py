"""The second step of a login: asks for the factor of a user who has one, and for an enrolment where one is required."""

import hmac

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.errors import AuthError, InsufficientAuthentication, InvalidProof, InvalidRequest
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp, MfaEnrolmentRequired, MfaRequired
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.factors.factor_token import attempt_of, binding_of, read_token, written_token
from edge_auth.flows.ports.factors import PASSWORD_METHOD, Passed, Presented
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.counters import Attempt
from edge_auth.tokens.claims import ONE_FACTOR, PHISHING_RESISTANT, TWO_FACTORS
from edge_auth.tokens.proof_token import Kind, Proof

# RFC 8176 §2. A recovery code has no method of its own.
APP_METHODS = (PASSWORD_METHOD, "otp", "mfa")
RECOVERY_METHODS = (PASSWORD_METHOD, "mfa")


class LoginSecondStep:
    """The port `flows.ports.factors.SecondStep`. No session exists before it has passed."""

    def __init__(self, *, check: FactorCheck, policy: FactorPolicy, clock: Clock, record: Record) -> None:
        """Keep what the step needs."""
        self._check = check
        self._policy = policy
        self._clock = clock
        self._record = record

    def check_form(self, presented: Presented, keys: KeysInForce) -> None:
        """Refuse two codes, a token without a code, and a token that is not authentic."""
        if presented.otp and presented.recovery_code:
            raise InvalidRequest("two codes")
        if presented.mfa_token:
            if not (presented.otp or presented.recovery_code):
                raise InvalidRequest("no code")
            self._proof(presented, keys)

    def check_password_shown(self, user: Identity | None, presented: Presented, keys: KeysInForce) -> Identity:
        """Accept the token of this user, if nothing has changed since the password was right."""
        proof = self._proof(presented, keys)
        if user is None or proof.user_id != user.user_id or user.status != ACTIVE:
            raise self._failed(user.user_id if user else "", InvalidProof("another user, or a disabled one"))
        if not hmac.compare_digest(proof.binding, binding_of(user)):
            raise self._failed(user.user_id, InvalidProof("the user has changed"))
        return user

    def __call__(self, identity: Identity, presented: Presented, keys: KeysInForce, attempt: Attempt) -> Passed:
        """Check the factor, if the user has one, whatever the policy says. Nothing is asked of a user without one."""
        now_seconds, factors = self._clock() // 1000, identity.factors
        if factors is None:
            if self._policy.demands_of(identity):
                if identity.passkeys:  # a password alone must not enrol a second way in (SA7)
                    raise self._failed(identity.user_id, _weaker_than_the_passkey())
                raise MfaEnrolmentRequired(written_token(Kind.ENROL, identity, attempt, keys, now_seconds=now_seconds))
            return Passed((PASSWORD_METHOD,), ONE_FACTOR)
        if not (presented.otp or presented.recovery_code):
            self._record(SecurityEvent(EventName.SECOND_FACTOR_ASKED, identity.user_id))
            raise MfaRequired(written_token(Kind.MFA, identity, attempt, keys, now_seconds=now_seconds))
        try:
            use = self._check(identity, factors, presented)
        except (InvalidOtp, FactorLocked) as error:
            raise self._failed(identity.user_id, error) from None
        earlier = attempt_of(self._proof(presented, keys)) if presented.mfa_token else None
        return Passed(RECOVERY_METHODS if use.recovery_code else APP_METHODS, TWO_FACTORS, use, earlier)

    def _failed(self, user_id: str, error: AuthError) -> AuthError:
        self._record(SecurityEvent(EventName.LOGIN_FAILED, user_id, reason=error.detail))
        return error

    def _proof(self, presented: Presented, keys: KeysInForce) -> Proof:
        return read_token(presented.mfa_token, Kind.MFA, keys, now_seconds=self._clock() // 1000)


def _weaker_than_the_passkey() -> InsufficientAuthentication:
    return InsufficientAuthentication(
        "a password, where there is a passkey and no app", acr=PHISHING_RESISTANT, max_age_seconds=0
    )

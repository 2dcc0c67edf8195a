"""The second step of a login: asks for the factor of a user who has one, and for an enrolment where one is required.

A passkey is a factor like an app (decision 0052). A code comes with the login, and a passkey to its own route.
"""

from edge_auth.accounts.identity import Identity
from edge_auth.errors import AuthError, InvalidProof, InvalidRequest, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp, MfaEnrolmentRequired, MfaRequired
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.factors.factor_token import attempt_of, check_bound, read_token, written_token
from edge_auth.flows.ports.factors import PASSWORD_METHOD, Passed, Presented
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.counters import Attempt
from edge_auth.tokens.claims import ONE_FACTOR, TWO_FACTORS
from edge_auth.tokens.proof_token import Kind, Proof


class LoginSecondStep:
    """The port `flows.ports.factors.SecondStep`. No session exists before it has passed."""

    def __init__(
        self,
        *,
        check: FactorCheck,
        policy: FactorPolicy,
        clock: Clock,
        record: Record,
        passkeys: PasskeyRequests | None = None,
    ) -> None:
        """Keep what the step needs. Where passkeys are off, `passkeys` is None."""
        self._check = check
        self._policy = policy
        self._passkeys = passkeys
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

    def check_password_shown(
        self, user: Identity | None, presented: Presented, keys: KeysInForce
    ) -> tuple[Identity, Attempt]:
        """Accept the token of this user, if nothing has changed since the password was right."""
        try:
            proof = self._proof(presented, keys)
            return check_bound(proof, user), attempt_of(proof)
        except InvalidProof as error:
            raise self._failed(user.user_id if user else "", error) from None

    def __call__(self, identity: Identity, presented: Presented, keys: KeysInForce, attempt: Attempt) -> Passed:
        """Check the factor, if the user has one, whatever the policy says. Nothing is asked of a user without one."""
        factors = identity.factors
        if factors is None and not identity.passkeys:
            if self._policy.demands_of(identity):
                raise MfaEnrolmentRequired(self._token(Kind.ENROL, identity, attempt, keys))
            return Passed((PASSWORD_METHOD,), ONE_FACTOR)
        if factors is None or not (presented.otp or presented.recovery_code):
            raise self._asked(identity, keys, attempt)
        try:
            use = self._check(identity, factors, presented)
        except (InvalidOtp, FactorLocked) as error:
            raise self._failed(identity.user_id, error) from None
        return Passed((PASSWORD_METHOD, *use.methods), TWO_FACTORS, use)

    def _asked(self, identity: Identity, keys: KeysInForce, attempt: Attempt) -> AuthError:
        has_app = identity.factors is not None
        options = self._passkeys.options(keys, identity.passkeys) if self._passkeys and identity.passkeys else None
        if not has_app and options is None:
            # An enrolled factor is never skipped (SA4), and here it cannot be checked.
            return TemporarilyUnavailable("the user has a passkey and no app, and passkeys are off")
        self._record(SecurityEvent(EventName.SECOND_FACTOR_ASKED, identity.user_id))
        return MfaRequired(self._token(Kind.MFA, identity, attempt, keys), has_app=has_app, passkey=options)

    def _token(self, kind: Kind, identity: Identity, attempt: Attempt, keys: KeysInForce) -> str:
        return written_token(kind, identity, attempt, keys, now_seconds=self._clock() // 1000)

    def _failed(self, user_id: str, error: AuthError) -> AuthError:
        self._record(SecurityEvent(EventName.LOGIN_FAILED, user_id, reason=error.detail))
        return error

    def _proof(self, presented: Presented, keys: KeysInForce) -> Proof:
        return read_token(presented.mfa_token, Kind.MFA, keys, now_seconds=self._clock() // 1000)

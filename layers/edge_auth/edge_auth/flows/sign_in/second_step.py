"""The second step of a login: asks for the factor of a user who has one, and for an enrolment where one is required."""

import hmac
from typing import NamedTuple

from edge_auth import base64url
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.errors import InvalidProof, InvalidRequest, MfaEnrolmentRequired, MfaRequired
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.ports.factors import PASSWORD_METHOD, Passed, Presented
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.counters import Attempt
from edge_auth.tokens import proof_token
from edge_auth.tokens.claims import ONE_FACTOR, TWO_FACTORS
from edge_auth.tokens.proof_token import Kind, Proof, bound

MFA_SECONDS = 300  # to find the phone
ENROL_SECONDS = 900  # to get an app first
# RFC 8176 §2. A recovery code has no method of its own.
APP_METHODS = (PASSWORD_METHOD, "otp", "mfa")
RECOVERY_METHODS = (PASSWORD_METHOD, "mfa")
_TIME_BYTES = 8


class FactorPolicy(NamedTuple):
    """Who must have a second factor: everybody, or whoever has this role. Everyone may have one."""

    is_for_everybody: bool
    role: str

    @classmethod
    def of(cls, setting: str) -> "FactorPolicy":
        """Read the setting: `optional`, `everybody`, or `role:` with the role of those who must have one."""
        kind, _, role = setting.partition(":")
        return cls(kind == "everybody", role if kind == "role" else "")

    def demands_of(self, identity: Identity) -> bool:
        """Whether this user must have one."""
        return self.is_for_everybody or (self.role != "" and self.role in identity.roles)


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
            raise InvalidProof("another user, or a disabled one")
        if not hmac.compare_digest(proof.binding, _binding(user)):
            raise InvalidProof("the user has changed")
        return user

    def __call__(self, identity: Identity, presented: Presented, keys: KeysInForce, attempt: Attempt) -> Passed:
        """Check the factor, if the user has one, whatever the policy says. Nothing is asked of a user without one."""
        factors = identity.factors
        if factors is None:
            if self._policy.demands_of(identity):
                raise MfaEnrolmentRequired(self._token(Kind.ENROL, ENROL_SECONDS, identity, keys, attempt))
            return Passed((PASSWORD_METHOD,), ONE_FACTOR)
        if not (presented.otp or presented.recovery_code):
            self._record(SecurityEvent(EventName.SECOND_FACTOR_ASKED, identity.user_id))
            raise MfaRequired(self._token(Kind.MFA, MFA_SECONDS, identity, keys, attempt))
        use = self._check(identity, factors, presented)
        earlier = _attempt_of(self._proof(presented, keys)) if presented.mfa_token else None
        return Passed(RECOVERY_METHODS if use.recovery_code else APP_METHODS, TWO_FACTORS, use, earlier)

    def _proof(self, presented: Presented, keys: KeysInForce) -> Proof:
        return proof_token.parse(presented.mfa_token, keys.mac_keys, Kind.MFA, now_seconds=self._clock() // 1000)

    def _token(self, kind: Kind, seconds: int, identity: Identity, keys: KeysInForce, attempt: Attempt) -> str:
        # The id of the proof is the attempt at the password, so that the second step can take its failure back.
        name = attempt.at_ms.to_bytes(_TIME_BYTES, "big") + bytes.fromhex(attempt.attempt_id)
        expires_at_seconds = self._clock() // 1000 + seconds
        proof = Proof(kind, base64url.encode(name), identity.user_id, expires_at_seconds, _binding(identity))
        return proof_token.mint(proof, keys.mac)


def _binding(identity: Identity) -> bytes:
    return bound(
        identity.user_id,
        epoch=identity.epoch,
        password_hash=identity.password_hash,
        email=identity.email,
        factors_version=identity.factors_version,
    )


def _attempt_of(proof: Proof) -> Attempt:
    name = base64url.decode(proof.proof_id)
    return Attempt(name[_TIME_BYTES:].hex(), int.from_bytes(name[:_TIME_BYTES], "big"))

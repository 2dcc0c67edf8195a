"""A user's own second factor: enrol an app, put another in its place, remove it, and get new recovery codes.

An enrolment has two steps, and nothing is stored between them. Its code logs nobody in: its step is kept as used.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import Identity
from edge_auth.credentials import enrolment, recovery_codes, totp
from edge_auth.credentials.enrolment import LIFETIME_SECONDS, Enrolment
from edge_auth.credentials.sealed_secret import NotSealed, seal, unseal
from edge_auth.errors import InvalidProof, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.factor_errors import FactorRequired, NoFactor
from edge_auth.flows.factors.factor_check import PURPOSE
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.flows.factors.factor_token import check_bound, read_token
from edge_auth.flows.factors.freshness import check_fresh
from edge_auth.flows.factors.way_in import check_way_in
from edge_auth.flows.known_users import active_user, callers_user
from edge_auth.flows.ports.factors import FactorStore, SealingKeySource
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.callers_session import callers_session
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.tokens.proof_token import Kind

FACTOR_CHANGED = "factor_changed"


class FactorNotices(NamedTuple):
    """What tells a user by mail of a changed factor and of new recovery codes. Neither fails."""

    factor_changed: Callable[[Identity], None]
    recovery_codes_replaced: Callable[[Identity], None]


class FactorStores(NamedTuple):
    """Where users, sessions and keys are, and what a user's app calls the service."""

    identities: Identities
    sessions: Sessions
    factors: FactorStore
    sealing_keys: SealingKeySource
    key_ring: KeyRingSource
    end_sessions: EndSessions
    service: str


@dataclass(frozen=True, slots=True)
class PendingApp:
    """A secret for an app: as text, as the address of a picture, and sealed, for the second step."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)
    enrolment: str = field(repr=False)
    expires_in_seconds: int


class OwnFactors:
    """The use cases. Each but `state` changes what the user logs in with, and needs a fresh login."""

    def __init__(
        self,
        stores: FactorStores,
        *,
        policy: FactorPolicy,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        notices: FactorNotices | None = None,
    ) -> None:
        """Keep what the use cases need. `notices` are there only where mail is on."""
        self._stores = stores
        self._policy = policy
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._notices = notices

    def state(self, user_id: str, session_id: str) -> Factors | None:
        """Return the caller's factors, or None if there are none. Raises InvalidToken and TemporarilyUnavailable."""
        return self._caller(user_id, session_id, is_change=False).factors

    def begin(self, user_id: str, session_id: str) -> PendingApp:
        """Draw a secret for an app of the caller.

        Raises:
            InvalidToken: the session has ended, or its user is disabled or gone.
            InsufficientAuthentication: the login is too weak or too old.
            TemporarilyUnavailable: nothing was decided.

        """
        return self._begun(self._caller(user_id, session_id))

    def confirm(self, user_id: str, session_id: str, pending: str, otp: str) -> tuple[str, ...]:
        """Enrol the app that shows this code, in place of any other. Return new recovery codes, which are shown once.

        If it takes the place of another app, the other sessions of the user end. The same call may be made again after
        its answer was lost: the app is enrolled already, the other sessions end, and the codes are new ones once more.

        Raises:
            InvalidProof: the enrolment is not this user's, has expired, or the factors have changed since it began.
            InvalidOtp: the app shows another code. The same enrolment may be tried again.
            InvalidToken, InsufficientAuthentication: as `begin`.
            TemporarilyUnavailable: the app is not known to be enrolled, or other sessions are not known to have ended.

        """
        identity = self._caller(user_id, session_id)
        if self._is_enrolled(identity, pending, otp):
            codes = self._replaced_codes(identity, session_id)
        else:
            codes = self._confirmed(identity, pending, otp)
        if identity.factors is not None:
            self._stores.end_sessions.all(user_id, reason=FACTOR_CHANGED, keep=session_id)
        return codes

    def begin_required(self, token: str) -> PendingApp:
        """Draw a secret for a user who must have a factor. `token` is what the login has answered.

        Raises:
            InvalidProof: it is not authentic, has expired, or the user has changed since.
            TemporarilyUnavailable: nothing was decided.

        """
        return self._begun(self._must_enrol(token))

    def confirm_required(self, token: str, pending: str, otp: str) -> tuple[str, ...]:
        """Enrol the first app of a user who must have one, as `confirm`. No session is opened.

        The same call may be made again after its answer was lost, as long as nothing else of the user has changed.

        Raises InvalidProof, InvalidOtp and TemporarilyUnavailable.
        """
        keys, now_seconds = self._stores.key_ring.load(), self._clock() // 1000
        proof = read_token(token, Kind.ENROL, keys, now_seconds=now_seconds)
        identity = active_user(self._stores.identities, proof.user_id)
        if identity and self._is_enrolled(identity, pending, otp, moved=1):
            return self._replaced_codes(identity)
        return self._confirmed(check_bound(proof, identity), pending, otp)

    def replace_codes(self, user_id: str, session_id: str) -> tuple[str, ...]:
        """Replace the recovery codes, and return the new ones.

        Raises:
            NoFactor: the user has no app.
            InvalidToken, InsufficientAuthentication: as `begin`.
            TemporarilyUnavailable: they are not known to be replaced. The same call may be made again.

        """
        identity = self._caller(user_id, session_id)
        if identity.factors is None:
            raise NoFactor
        return self._replaced_codes(identity, session_id)

    def remove(self, user_id: str, session_id: str) -> None:
        """Remove app and recovery codes, and end the other sessions of the user. It is no error if there are none.

        Raises:
            FactorRequired: the user must have a factor, and has no passkey.
            LastWayIn: there is no password, and less than two passkeys.
            InvalidToken, InsufficientAuthentication: as `begin`.
            TemporarilyUnavailable: it is not known to be removed, or other sessions are not known to have ended. The
                same call may be made again.

        """
        identity = self._caller(user_id, session_id)
        if self._policy.demands_of(identity) and not identity.passkeys:
            raise FactorRequired
        if identity.factors is not None:
            check_way_in(replace(identity, factors=None))
            try:
                self._stores.factors.remove(identity)
            except EpochMoved:
                raise _changed() from None
            self._record(SecurityEvent(EventName.FACTOR_REMOVED, user_id, session_id))
            if self._notices:
                self._notices.factor_changed(identity)
        self._stores.end_sessions.all(user_id, reason=FACTOR_CHANGED, keep=session_id)

    def _caller(self, user_id: str, session_id: str, *, is_change: bool = True) -> Identity:
        now_seconds = self._clock() // 1000
        session = callers_session(self._stores.sessions, user_id, session_id, now_seconds=now_seconds)
        identity = callers_user(self._stores.identities, user_id)
        if is_change:
            check_fresh(session, identity, now_seconds=now_seconds)
        return identity

    def _must_enrol(self, token: str) -> Identity:
        keys = self._stores.key_ring.load()
        proof = read_token(token, Kind.ENROL, keys, now_seconds=self._clock() // 1000)
        return check_bound(proof, active_user(self._stores.identities, proof.user_id))

    def _begun(self, identity: Identity) -> PendingApp:
        secret = totp.new_secret(self._entropy)
        pending = Enrolment(self._clock() // 1000 + LIFETIME_SECONDS, identity.epoch, identity.factors_version, secret)
        keys = self._stores.sealing_keys.load()
        return PendingApp(
            secret=totp.secret_text(secret),
            uri=totp.app_uri(secret, service=self._stores.service, account=identity.username),
            enrolment=enrolment.write(pending, keys, user_id=identity.user_id, entropy=self._entropy),
            expires_in_seconds=LIFETIME_SECONDS,
        )

    def _confirmed(self, identity: Identity, text: str, otp: str) -> tuple[str, ...]:
        keys, now_seconds = self._stores.sealing_keys.load(), self._clock() // 1000
        pending = enrolment.read(text, keys, user_id=identity.user_id, now_seconds=now_seconds)
        if (pending.epoch, pending.factors_version) != (identity.epoch, identity.factors_version):
            raise InvalidProof("the user has changed")
        step = totp.matched_step(otp, pending.secret, now_seconds=now_seconds, after_step=totp.NEVER)
        codes, kept = self._new_codes(identity)
        sealed = seal(pending.secret, keys.newest, purpose=PURPOSE, user_id=identity.user_id, entropy=self._entropy)
        try:
            self._stores.factors.enrol(identity, Factors(sealed, step, recovery=kept, enrolled_at_seconds=now_seconds))
        except EpochMoved:
            raise _changed() from None
        self._record(SecurityEvent(EventName.FACTOR_ENROLLED, identity.user_id))
        if self._notices:
            self._notices.factor_changed(identity)
        return codes

    def _is_enrolled(self, identity: Identity, text: str, otp: str, *, moved: int | None = None) -> bool:
        """Whether this app is the user's already: a call that comes again. The code has to be right as before.

        With `moved`, the epoch has moved so often since the enrolment began.
        """
        if identity.factors is None:
            return False
        keys, now_seconds = self._stores.sealing_keys.load(), self._clock() // 1000
        pending = enrolment.read(text, keys, user_id=identity.user_id, now_seconds=now_seconds)
        if moved is not None and identity.epoch != pending.epoch + moved:
            return False
        try:
            secret = unseal(identity.factors.totp, keys, purpose=PURPOSE, user_id=identity.user_id)
        except NotSealed:  # its key is gone, so this is another app, which shall take its place
            return False
        if not hmac.compare_digest(secret, pending.secret):
            return False
        totp.matched_step(otp, secret, now_seconds=now_seconds, after_step=totp.NEVER)
        return True

    def _replaced_codes(self, identity: Identity, session_id: str = "") -> tuple[str, ...]:
        codes, kept = self._new_codes(identity)
        try:
            self._stores.factors.replace_codes(identity, kept)
        except EpochMoved:
            raise _changed() from None
        self._record(SecurityEvent(EventName.RECOVERY_CODES_REPLACED, identity.user_id, session_id))
        if self._notices:
            self._notices.recovery_codes_replaced(identity)
        return codes

    def _new_codes(self, identity: Identity) -> tuple[tuple[str, ...], frozenset[str]]:
        codes = recovery_codes.new_codes(self._entropy)
        return codes, recovery_codes.kept(codes, self._stores.sealing_keys.load().newest, identity.user_id)


def _changed() -> TemporarilyUnavailable:
    return TemporarilyUnavailable("the user or the factors changed meanwhile")

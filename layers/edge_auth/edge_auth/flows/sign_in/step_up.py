"""Step-up: a session whose user shows a code, a passkey or the password again, is replaced by a fresh or stronger one.

The new session has another id and other tokens. So no token of the old one is ever stronger than its login was, also
not in the grace window of a refresh. Old and new are exchanged in one write, which also accepts the code.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from edge_auth.accounts.identity import Identity
from edge_auth.errors import (
    InsufficientAuthentication,
    InvalidGrant,
    InvalidToken,
    TemporarilyUnavailable,
)
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.known_users import callers_user
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved, Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.passkeys import ChallengeSpent
from edge_auth.flows.ports.revocations import Revocations
from edge_auth.flows.ports.sessions import AlreadyEnded, SessionReplacement, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.callers_session import callers_session
from edge_auth.flows.sign_in.signed_in import SignedIn
from edge_auth.flows.sign_in.step_up_proofs import ProofCheck, Proofs
from edge_auth.keys.ring import KeysInForce
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import NEVER_ROTATED_MS, NOTHING_REDEEMED, Session, token_kind
from edge_auth.tokens import refresh_token
from edge_auth.tokens.claims import LEVELS, ONE_FACTOR
from edge_auth.tokens.refresh_token import RefreshToken, new_id
from edge_auth.tokens.token_form import SEED_BYTES

if TYPE_CHECKING:
    from edge_auth.flows.ports.passkeys import PasskeyUse

END_ID_BYTES = 16


class StepUpStores(NamedTuple):
    """Where users and sessions are. Where the feed of ended sessions is off, `revocations` is None."""

    identities: Identities
    sessions: Sessions
    replacement: SessionReplacement
    revocations: Revocations | None


class Holder(NamedTuple):
    """The caller, as the authorizer names it, and the token of the session, which has to be of the same one."""

    user_id: str
    session_id: str
    token: str
    transport: str
    client: ClientDescription

    def __repr__(self) -> str:
        """Show no token."""
        return f"Holder({self.user_id!r}, {self.session_id!r}, ...)"


class StepUp:
    """The use case."""

    def __init__(
        self,
        stores: StepUpStores,
        *,
        check: ProofCheck,
        key_ring: KeyRingSource,
        clock: Clock,
        entropy: Entropy,
        record: Record,
        tell_code_used: Callable[[Identity], None] | None = None,
    ) -> None:
        """Keep what the use case needs. `tell_code_used` tells of a recovery code by mail, only where mail is on."""
        self._stores = stores
        self._check = check
        self._key_ring = key_ring
        self._clock = clock
        self._entropy = entropy
        self._record = record
        self._tell_code_used = tell_code_used

    def __call__(self, holder: Holder, proofs: Proofs) -> SignedIn:
        """Replace the caller's session. A user with an app shows a code, one with a passkey may show that.

        Any other user shows the password.

        The new session has the absolute timeout of the old one.

        Raises:
            InvalidToken: the session has ended, the token is not its newest one, or its user is disabled or gone.
            InsufficientAuthentication: the old session is of a stronger login, which a step-up cannot make fresh.
            InvalidRequest: a proof is missing, or is not what this user has to show.
            TooManyAttempts: too many attempts came before, in sessions of this user.
            InvalidCredentials, InvalidOtp, FactorLocked: it is refused, and that is counted.
            InvalidPasskey: the passkey is not accepted, or its challenge was answered before.
            TemporarilyUnavailable: nothing was decided, and the old session is good. Or nobody knows: if it is not good
                any more, the user has to log in.

        """
        reached, keys = proofs.acr, self._key_ring.load()
        token = self._token(holder, keys)
        old = self._session(holder, token)
        identity = callers_user(self._stores.identities, holder.user_id)
        _check_not_weaker(old, reached)
        passed = self._check(identity, proofs, keys)
        session, new_token = self._successor(old, identity, holder.client, (*old.amr, *passed.amr), passed.acr)
        self._replace(old, session, identity, passed.use)
        event = SecurityEvent(EventName.SESSION_STEPPED_UP, identity.user_id, session.session_id, reason=passed.acr)
        self._record(event)
        if isinstance(passed.use, FactorUse) and passed.use.recovery_code:
            self._record(SecurityEvent(EventName.RECOVERY_CODE_USED, identity.user_id, reason=passed.use.left))
            if self._tell_code_used:
                self._tell_code_used(identity)
        self._publish(old)
        return SignedIn(session, new_token, keys, device_token="")

    def _token(self, holder: Holder, keys: KeysInForce) -> RefreshToken:
        try:
            token = refresh_token.parse(holder.token, keys.mac_keys, token_kind(holder.transport))
        except InvalidGrant as error:
            raise InvalidToken(f"token: {error.detail}") from None
        if (token.user_id, token.session_id) != (holder.user_id, holder.session_id):
            raise InvalidToken("the token of another session")
        return token

    def _session(self, holder: Holder, token: RefreshToken) -> Session:
        now_seconds = self._clock() // 1000
        session = callers_session(self._stores.sessions, holder.user_id, holder.session_id, now_seconds=now_seconds)
        seen = (token.seed_hash, token.generation, holder.transport)
        if seen != (session.seed_hash, session.generation, session.transport):
            raise InvalidToken("not the newest token of the session")
        return session

    def _successor(
        self, old: Session, identity: Identity, client: ClientDescription, amr: tuple[str, ...], acr: str
    ) -> tuple[Session, RefreshToken]:
        token = RefreshToken(
            user_id=old.user_id, session_id=new_id(self._entropy), generation=0, seed=self._entropy(SEED_BYTES)
        )
        session = old._replace(
            session_id=token.session_id,
            seed_hash=token.seed_hash,
            generation=0,
            base=NOTHING_REDEEMED,
            rotated_at_ms=NEVER_ROTATED_MS,
            rotation_id="",
            auth_time_seconds=self._clock() // 1000,
            scope=identity.scope,
            roles=identity.roles,
            amr=tuple(dict.fromkeys(amr)),
            acr=acr,
            client=client._replace(name=old.client.name),
            mac_hash=b"",
            earlier_mac_hash=b"",
        )
        return session, token

    def _replace(self, old: Session, new: Session, identity: Identity, use: "FactorUse | PasskeyUse | None") -> None:
        try:
            self._stores.replacement.replace(
                old,
                new,
                username=identity.username,
                epoch=identity.epoch,
                factor=use,
                end_id=self._entropy(END_ID_BYTES).hex(),
            )
        except ChallengeSpent:
            from edge_auth.passkey_errors import InvalidPasskey  # noqa: PLC0415 - only with a passkey

            detail = "passkey: the challenge was spent before"
            self._record(SecurityEvent(EventName.STEP_UP_FAILED, identity.user_id, reason=detail))
            raise InvalidPasskey(detail) from None
        except (EpochMoved, AlreadyEnded):
            raise TemporarilyUnavailable("the user or the session changed during the step-up") from None

    def _publish(self, old: Session) -> None:
        """Tell authorizers of the old session. Its access tokens are weaker ones of the same user, so it may fail."""
        if self._stores.revocations is None:
            return
        try:
            self._stores.revocations.publish([old.session_id])
        except TemporarilyUnavailable as error:
            event = SecurityEvent(EventName.REVOCATION_NOT_PUBLISHED, old.user_id, old.session_id, reason=error.detail)
            self._record(event)


def _check_not_weaker(old: Session, reached: str) -> None:
    """Refuse, before anything is counted, what would put a weaker session in the place of a stronger one (SA3)."""
    if LEVELS.index(reached) < LEVELS.index(old.acr or ONE_FACTOR):  # no session is opened without a factor
        detail = f"a step-up reaches {reached}, and the session has {old.acr}"
        raise InsufficientAuthentication(detail, acr=old.acr, max_age_seconds=0)

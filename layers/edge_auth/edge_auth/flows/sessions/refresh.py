"""Refresh: rotates a refresh token, answers honest retries alike, and ends the session on reuse."""

from typing import NamedTuple

from edge_auth.errors import InvalidGrant, InvalidScope, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant, grant
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.scope import narrowed, wanted_words
from edge_auth.sessions.session import Outcome, Session, decide
from edge_auth.tokens import refresh_token as refresh
from edge_auth.tokens.refresh_token import RefreshToken

ROTATION_ID_BYTES = 16
END_UNKNOWN = "reused, and not known to have ended"

_ANSWERED = frozenset({Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED})
_EVENTS = {
    Outcome.ROTATED: EventName.REFRESH_ROTATED,
    Outcome.COALESCED: EventName.REFRESH_COALESCED,
    Outcome.CONVERGED: EventName.REFRESH_CONVERGED,
    Outcome.REUSED: EventName.REFRESH_TOKEN_REUSED,
    Outcome.AHEAD: EventName.REFRESH_TOKEN_AHEAD,
    Outcome.SEED_MISMATCH: EventName.REFRESH_TOKEN_SEED_MISMATCH,
}


class Refresh(NamedTuple):
    """The use case, with all that it needs."""

    sessions: Sessions
    dead_tokens: DeadTokenLimit
    key_ring: KeyRingSource
    idle_seconds: int
    grace_seconds: int
    clock: Clock
    entropy: Entropy
    record: Record

    def __call__(
        self, presented: str, policy: AccessTokenPolicy, *, scope: str = "", client: ClientDescription = UNKNOWN_CLIENT
    ) -> TokenGrant:
        """Answer a refresh token with a new access token and the refresh token to use next.

        `scope` is the part of the session's that the access token shall have; empty, all of it.
        `client` is who presents the token.

        Raises:
            InvalidGrant: the token is dead, for whatever reason.
            TooManyAttempts: it is dead, and was presented too often.
            InvalidScope: the token lives, and stays good: it was asked for more than it can give.
            TemporarilyUnavailable: nothing was decided; the same token may be presented again.

        """
        keys = self.key_ring.load()  # before the write: after it, a failure would cost the client its answer
        token = refresh.parse(presented, keys.mac_keys)
        self.dead_tokens.check(token)
        now_ms = self.clock()
        wanted = wanted_words(scope)
        session, outcome = self._rotate(token, wanted, client, now_ms)
        granted_scope = self._narrowed(token, session, wanted)
        self._record(token, session, outcome)
        return grant(
            session,
            token if outcome is Outcome.COALESCED else token.successor(),
            scope=granted_scope,
            keys=keys,
            policy=policy,
            now_seconds=now_ms // 1000,
            entropy=self.entropy,
        )

    def _rotate(
        self, token: RefreshToken, wanted: tuple[str, ...], client: ClientDescription, now_ms: int
    ) -> tuple[Session, Outcome]:
        rotation_id = self.entropy(ROTATION_ID_BYTES).hex()
        try:
            session = self.sessions.rotate(
                token,
                rotation_id=rotation_id,
                now_ms=now_ms,
                grace_seconds=self.grace_seconds,
                idle_expires_at_seconds=now_ms // 1000 + self.idle_seconds,
                wanted_scope=wanted,
                client=client,
            )
        except RotationRefused as refused:
            found = refused.session
        else:
            return session, Outcome.ROTATED
        outcome = decide(token, found, rotation_id=rotation_id, now_ms=now_ms, grace_seconds=self.grace_seconds)
        if found is not None and outcome in _ANSWERED:
            return found, outcome
        if outcome is Outcome.REUSED:
            self._end(token, found, now_ms)
        else:
            self._record(token, found, outcome)
        self.dead_tokens.refused(token)
        raise InvalidGrant(outcome)

    def _end(self, token: RefreshToken, session: Session | None, now_ms: int) -> None:
        """End a session whose token was reused. Of many callers that see the reuse, the one that ends it tells.

        So does one that cannot know whether it did: a theft that is told twice is better than one that is not told.
        """
        try:
            self.sessions.end(
                token.user_id,
                token.session_id,
                seed_hash=token.seed_hash,
                reason=Outcome.REUSED,
                end_id=self.entropy(ROTATION_ID_BYTES).hex(),
                now_seconds=now_ms // 1000,
            )
        except AlreadyEnded:
            return
        except TemporarilyUnavailable:
            self._record(token, session, Outcome.REUSED, reason=END_UNKNOWN)
            raise
        self._record(token, session, Outcome.REUSED)

    def _narrowed(self, token: RefreshToken, session: Session, wanted: tuple[str, ...]) -> str:
        try:
            return narrowed(session.scope, wanted)
        except InvalidScope as error:
            # The write's own condition has refused it, so nothing was rotated.
            self._tell(EventName.REFRESH_REFUSED, token, session, error.code)
            raise

    def _record(self, token: RefreshToken, session: Session | None, outcome: Outcome, reason: str = "") -> None:
        self._tell(_EVENTS.get(outcome, EventName.REFRESH_REFUSED), token, session, reason or outcome)

    def _tell(self, name: EventName, token: RefreshToken, session: Session | None, reason: str) -> None:
        self.record(
            SecurityEvent(
                name=name,
                user_id=token.user_id,
                session_id=token.session_id,
                reason=reason,
                generations_behind=session.generation - token.generation if session else None,
            )
        )

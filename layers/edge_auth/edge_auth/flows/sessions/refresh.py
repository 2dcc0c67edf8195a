"""Refresh: rotates a refresh token, answers honest retries, and ends the session on reuse."""

from edge_auth.errors import InvalidGrant, InvalidScope, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.grant import AccessTokenPolicy, TokenGrant, grant
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import RotationRefused, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.rotation_rule import ANSWERED, Outcome, RotationLimits, decide
from edge_auth.sessions.scope import narrowed, wanted_words
from edge_auth.sessions.session import BODY, EndedSession, Rotation, Session
from edge_auth.tokens import refresh_token
from edge_auth.tokens.refresh_token import RefreshToken

ROTATION_ID_BYTES = 16

_EVENTS = {
    Outcome.ROTATED: EventName.REFRESH_ROTATED,
    Outcome.COALESCED: EventName.REFRESH_COALESCED,
    Outcome.CONVERGED: EventName.REFRESH_CONVERGED,
    Outcome.DIVERGED: EventName.REFRESH_TOKEN_DIVERGED,
    Outcome.AHEAD: EventName.REFRESH_TOKEN_AHEAD,
    Outcome.SEED_MISMATCH: EventName.REFRESH_TOKEN_SEED_MISMATCH,
}


class Refresh:
    """The use case."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        end_sessions: EndSessions,
        dead_tokens: DeadTokenLimit,
        key_ring: KeyRingSource,
        idle_seconds: int,
        limits: RotationLimits,
        clock: Clock,
        entropy: Entropy,
        record: Record,
    ) -> None:
        """Keep what the use case needs."""
        self._sessions = sessions
        self._end_sessions = end_sessions
        self._dead_tokens = dead_tokens
        self._key_ring = key_ring
        self._idle_seconds = idle_seconds
        self._limits = limits
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def __call__(
        self,
        presented: str,
        policy: AccessTokenPolicy,
        *,
        scope: str = "",
        client: ClientDescription = UNKNOWN_CLIENT,
        transport: str = BODY,
    ) -> TokenGrant:
        """Answer a refresh token with a new access token and the refresh token to use next.

        `scope` is the part of the session's scope that the access token shall have. Empty means all of it.
        `client` describes the client that presents the token, and `transport` is how the token came.

        Raises:
            InvalidGrant: the token is dead, for any reason.
            TooManyAttempts: it is dead, and was presented too often.
            InvalidScope: the scope is more than the session has. The token stays valid.
            TemporarilyUnavailable: nothing was decided; the same token may be presented again.

        """
        keys = self._key_ring.load()  # before the write: after it, a failure would cost the client its answer
        token = refresh_token.parse(presented, keys.mac_keys)
        self._dead_tokens.check(token, transport)
        wanted, rotation = wanted_words(scope), self._rotation(client, transport)
        session, outcome = self._rotate(token, rotation, wanted)
        if isinstance(session, Session) and outcome is Outcome.RETRIED_LATE:
            self._narrowed(token, session, wanted)  # before the write: a scope that is refused costs no token
            session, outcome = self._retry_late(token, session, rotation)
        if not isinstance(session, Session) or outcome not in ANSWERED:
            self._refuse(token, session, outcome, transport)
            raise InvalidGrant(outcome)
        granted_scope = self._narrowed(token, session, wanted)
        if outcome is not Outcome.RETRIED_LATE:  # that was told with what was found before
            self._tell(token, session, outcome)
        return grant(
            session,
            token.of_generation(session.generation),
            scope=granted_scope,
            keys=keys,
            policy=policy,
            now_seconds=rotation.now_ms // 1000,
            entropy=self._entropy,
        )

    def _rotation(self, client: ClientDescription, transport: str) -> Rotation:
        rotation_id, now_ms = self._entropy(ROTATION_ID_BYTES).hex(), self._clock()
        return Rotation(rotation_id, now_ms, now_ms // 1000 + self._idle_seconds, client, transport)

    def _rotate(
        self, token: RefreshToken, rotation: Rotation, wanted: tuple[str, ...]
    ) -> tuple[Session | EndedSession | None, Outcome]:
        try:
            session = self._sessions.rotate(
                token, rotation, grace_seconds=self._limits.grace_seconds, wanted_scope=wanted
            )
        except RotationRefused as refused:
            return refused.found, self._decide(token, refused.found, rotation)
        return session, Outcome.ROTATED

    def _retry_late(
        self, token: RefreshToken, found: Session, rotation: Rotation
    ) -> tuple[Session | EndedSession | None, Outcome]:
        """Issue a new token to a client whose answer was lost. If another refresh came first, decide once more."""
        try:
            session: Session | EndedSession | None = self._sessions.retry_late(found, rotation)
        except RotationRefused as refused:
            session, outcome = refused.found, self._decide(token, refused.found, rotation)
            if outcome is Outcome.RETRIED_LATE:
                raise TemporarilyUnavailable("two late retries were overtaken") from None
            if outcome is not Outcome.ROTATED:  # our own write, whose response was lost
                return session, outcome
        self._tell_late_retry(token, found, rotation.client)
        return session, Outcome.RETRIED_LATE

    def _decide(self, token: RefreshToken, found: Session | EndedSession | None, rotation: Rotation) -> Outcome:
        return decide(
            token,
            found,
            client=rotation.client,
            rotation_id=rotation.rotation_id,
            now_ms=rotation.now_ms,
            limits=self._limits,
            transport=rotation.transport,
        )

    def _refuse(
        self, token: RefreshToken, found: Session | EndedSession | None, outcome: Outcome, transport: str
    ) -> None:
        if outcome is Outcome.REUSED and isinstance(found, Session):
            self._end_sessions.reused(token, found)
        else:
            self._tell(token, found, outcome)
        self._dead_tokens.refused(token, transport)

    def _narrowed(self, token: RefreshToken, session: Session, wanted: tuple[str, ...]) -> str:
        try:
            return narrowed(session.scope, wanted)
        except InvalidScope as error:
            # The condition of the write has refused it, so nothing was rotated.
            self._record(_event(EventName.REFRESH_REFUSED, token, session, reason=error.code))
            raise

    def _tell(self, token: RefreshToken, session: Session | EndedSession | None, outcome: Outcome) -> None:
        self._record(_event(_EVENTS.get(outcome, EventName.REFRESH_REFUSED), token, session, reason=outcome))

    def _tell_late_retry(self, token: RefreshToken, found: Session, client: ClientDescription) -> None:
        told = _event(EventName.REFRESH_RETRIED_LATE, token, found, reason=Outcome.RETRIED_LATE)
        self._record(
            told._replace(
                same_client=client.user_agent == found.client.user_agent,
                same_network=client.network == found.client.network,
            )
        )


def _event(
    name: EventName, token: RefreshToken, session: Session | EndedSession | None, *, reason: str
) -> SecurityEvent:
    return SecurityEvent(
        name=name,
        user_id=token.user_id,
        session_id=token.session_id,
        reason=reason,
        generations_behind=session.generation - token.generation if session else None,
    )

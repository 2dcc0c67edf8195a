"""Logout: ends one session, all of its user, or all others. To end an ended session is no error (RFC 7009 §2.2).

To end the session that it names, an authentic token of any generation is enough. To end other sessions it takes a token
that a refresh would answer: an older one may be stolen, and is reuse here as it is there.
"""

from contextlib import suppress
from enum import StrEnum

from edge_auth.errors import InvalidGrant, InvalidToken, UnknownUser
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.sessions.rotation_rule import ANSWERED, Outcome, RotationLimits, decide
from edge_auth.sessions.session import BODY, LOGOUT, SESSION, Session, token_kind
from edge_auth.tokens import refresh_token, session_token
from edge_auth.tokens.refresh_token import RefreshToken


class Reach(StrEnum):
    """Which sessions a logout ends. The value is the reason that the ended sessions carry."""

    ONE = LOGOUT
    OTHERS = "logout_others"
    ALL = "logout_all"


class Logout:
    """The use case."""

    def __init__(
        self,
        *,
        identities: Identities,
        sessions: Sessions,
        key_ring: KeyRingSource,
        end_sessions: EndSessions,
        dead_tokens: DeadTokenLimit,
        limits: RotationLimits,
        clock: Clock,
    ) -> None:
        """Keep what the use case needs."""
        self._identities = identities
        self._sessions = sessions
        self._key_ring = key_ring
        self._end_sessions = end_sessions
        self._dead_tokens = dead_tokens
        self._limits = limits
        self._clock = clock

    def __call__(
        self,
        presented: str,
        reach: Reach,
        *,
        client: ClientDescription = UNKNOWN_CLIENT,
        transport: str = BODY,
    ) -> None:
        """End the sessions that `reach` names, for an authentic token. `client` describes who presents it.

        `transport` is how the token came. By another one than its session's, it ends no other session. With a token
        that is dead by the rotation rule, or that a site would refuse, no other session ends either. A forged token
        changes nothing.

        Raises:
            TooManyAttempts: the token is dead, and was presented too often.
            TemporarilyUnavailable: they are not known to have ended, or authorizers may not know it yet; the same call
                may be made again (RFC 7009 §2.2.1).

        """
        keys = self._key_ring.load()
        try:
            token = refresh_token.parse(presented, keys.mac_keys, token_kind(transport))
        except InvalidGrant:
            return
        self._dead_tokens.check(token, transport)
        try:
            if reach is Reach.ONE:
                self._end_sessions.presented(token, reason=reach)
            else:
                self._end_others(token, reach, client, transport)
        except AlreadyEnded:
            try:  # the limit must not keep authorizers from knowing an end, and a failure must not go uncounted
                self._end_sessions.repeated(token)
            finally:
                self._dead_tokens.refused(token, transport)

    def _end_others(self, token: RefreshToken, reach: Reach, client: ClientDescription, transport: str) -> None:
        session = self._sessions.find(token.user_id, token.session_id)
        if session is None:
            raise AlreadyEnded
        if transport == SESSION:
            self._check_at_site(token, session)
            self._end_all(token, reach)
            return
        outcome = decide(
            token,
            session,
            client=client,
            rotation_id=None,
            now_ms=self._clock(),
            limits=self._limits,
            transport=transport,
        )
        if outcome in ANSWERED:
            self._end_all(token, reach)
        elif outcome is Outcome.REUSED:
            self._end_sessions.reused(token, session)
        elif outcome is Outcome.EXPIRED and reach is Reach.ALL:
            self._end_sessions.one(session, reason=reach)  # for another clock it may not have expired yet
        else:
            raise AlreadyEnded

    def _check_at_site(self, token: RefreshToken, session: Session) -> None:
        """Accept a token that its site would take. Raises AlreadyEnded: an old cookie is no proof of a theft."""
        try:
            session_token.check(token.seed_hash, token.generation, session, now_ms=self._clock())
        except InvalidToken:
            raise AlreadyEnded from None

    def _end_all(self, token: RefreshToken, reach: Reach) -> None:
        with suppress(UnknownUser):  # the sessions of a deleted user still end
            self._identities.move_epoch(token.user_id)
        if reach is Reach.ALL:
            # Its own session ends last, so that a call that failed half-way can be made again.
            self._end_sessions.all(token.user_id, reason=reach, last=token.session_id)
        else:
            self._end_sessions.all(token.user_id, reason=reach, keep=token.session_id)

"""Logout: ends one session, all of its user, or all others. To end an ended session is no error (RFC 7009 §2.2)."""

from contextlib import suppress
from enum import StrEnum

from edge_auth.errors import InvalidGrant, UnknownUser
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.tokens import refresh_token
from edge_auth.tokens.refresh_token import RefreshToken


class Reach(StrEnum):
    """Which sessions a logout ends. The value is the reason that the ended sessions carry."""

    ONE = "logout"
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
        clock: Clock,
    ) -> None:
        """Keep what the use case needs."""
        self._identities = identities
        self._sessions = sessions
        self._key_ring = key_ring
        self._end_sessions = end_sessions
        self._clock = clock

    def __call__(self, presented: str, reach: Reach) -> None:
        """End the sessions that `reach` names, for an authentic refresh token of any generation.

        Any other token changes nothing.

        Raises:
            TemporarilyUnavailable: they are not known to have ended; the same call may be made again (RFC 7009 §2.2.1).

        """
        keys = self._key_ring.load()
        try:
            token = refresh_token.parse(presented, keys.mac_keys)
        except InvalidGrant:
            return
        if reach is Reach.ONE:
            with suppress(AlreadyEnded):
                self._end_sessions.one(token.user_id, token.session_id, reason=reach, seed_hash=token.seed_hash)
        elif self._is_live(token):  # only a living session may end others of its user
            with suppress(UnknownUser):  # the sessions of a deleted user still end
                self._identities.move_epoch(token.user_id)
            if reach is Reach.ALL:
                # Its own session ends last, so that a call that failed half-way can be made again.
                self._end_sessions.all(token.user_id, reason=reach, last=token.session_id)
            else:
                self._end_sessions.all(token.user_id, reason=reach, keep=token.session_id)

    def _is_live(self, token: RefreshToken) -> bool:
        session = self._sessions.find(token.user_id, token.session_id)
        if session is None or session.seed_hash != token.seed_hash:
            return False
        return session.is_live(self._clock() // 1000)

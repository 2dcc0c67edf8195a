"""Logout: ends one session, all of its user, or all others. To end what is ended is no error (RFC 7009 §2.2)."""

from contextlib import suppress
from typing import NamedTuple

from edge_auth.errors import InvalidGrant, UnknownUser
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import END_ID_BYTES, EndSessions
from edge_auth.tokens import refresh_token as refresh
from edge_auth.tokens.refresh_token import RefreshToken

LOGOUT = "logout"
LOGOUT_ALL = "logout_all"
LOGOUT_OTHERS = "logout_others"


class Logout(NamedTuple):
    """The use case, with all that it needs."""

    identities: Identities
    sessions: Sessions
    key_ring: KeyRingSource
    clock: Clock
    entropy: Entropy
    record: Record

    def __call__(self, presented: str, *, everywhere: bool, others: bool = False) -> None:
        """End the session of an authentic refresh token, of whatever generation. Any other token changes nothing.

        `everywhere` ends all sessions of its user, `others` all but this one.

        Raises:
            TemporarilyUnavailable: it is not known to have ended; the same call may be made again (RFC 7009 §2.2.1).

        """
        keys = self.key_ring.load()
        try:
            token = refresh.parse(presented, keys.mac_keys)
        except InvalidGrant:
            return
        if others:
            self._end_many(token, reason=LOGOUT_OTHERS, keep=token.session_id)
        elif everywhere:
            # Its own end comes last, so that a call that failed half-way can be made again.
            self._end_many(token, reason=LOGOUT_ALL, last=token.session_id)
        else:
            self._end_one(token)

    def _end_one(self, token: RefreshToken) -> None:
        try:
            self.sessions.end(
                token.user_id,
                token.session_id,
                seed_hash=token.seed_hash,
                reason=LOGOUT,
                end_id=self.entropy(END_ID_BYTES).hex(),
                now_seconds=self.clock() // 1000,
            )
        except AlreadyEnded:
            return
        self.record(SecurityEvent(EventName.SESSION_ENDED, token.user_id, token.session_id, reason=LOGOUT))

    def _end_many(self, token: RefreshToken, *, reason: str, last: str = "", keep: str = "") -> None:
        session = self.sessions.find(token.user_id, token.session_id)
        now_seconds = self.clock() // 1000
        # Only a living session speaks for its user.
        if session is None or session.seed_hash != token.seed_hash or not session.is_live(now_seconds):
            return
        end_sessions = EndSessions(self.sessions, self.clock, self.entropy, self.record)
        with suppress(UnknownUser):  # a deleted user's sessions still end
            self.identities.move_epoch(token.user_id)
        end_sessions(token.user_id, reason=reason, last=last, keep=keep)

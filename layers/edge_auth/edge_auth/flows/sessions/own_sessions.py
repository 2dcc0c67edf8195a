"""Own sessions: a user sees them, and ends one of them. Only a living session may do either."""

from typing import NamedTuple

from edge_auth.errors import InvalidToken, UnknownSession
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import END_ID_BYTES
from edge_auth.sessions.session import Session
from edge_auth.tokens.claims import IDENTIFIER

ENDED_BY_USER = "user"


class OwnSessions(NamedTuple):
    """The use cases, with all that they need. `session_id` is the caller's own, of a valid access token."""

    sessions: Sessions
    clock: Clock
    entropy: Entropy
    record: Record

    def living(self, user_id: str, session_id: str) -> list[Session]:
        """Return the user's living sessions, the one used last first.

        Raises:
            InvalidToken: the caller's own session has ended.

        """
        sessions = self.sessions.living(user_id, now_seconds=self.clock() // 1000)
        if session_id not in {session.session_id for session in sessions}:
            raise _ended()
        return sorted(sessions, key=lambda session: (session.last_used_at_seconds, session.session_id), reverse=True)

    def end(self, user_id: str, session_id: str, to_end: str) -> None:
        """End one of the user's living sessions, which may be the caller's own.

        Raises:
            InvalidToken: the caller's own session has ended.
            UnknownSession: there is no such living session of this user.
            TemporarilyUnavailable: it is not known to have ended; the same call may be made again.

        """
        if not self._lives(user_id, session_id):
            raise _ended()
        if to_end != session_id and not (IDENTIFIER.fullmatch(to_end) and self._lives(user_id, to_end)):
            raise UnknownSession
        try:
            self.sessions.end(
                user_id,
                to_end,
                seed_hash=None,
                reason=ENDED_BY_USER,
                end_id=self.entropy(END_ID_BYTES).hex(),
                now_seconds=self.clock() // 1000,
            )
        except AlreadyEnded:
            raise UnknownSession from None
        self.record(SecurityEvent(EventName.SESSION_ENDED, user_id, to_end, reason=ENDED_BY_USER))

    def _lives(self, user_id: str, session_id: str) -> bool:
        session = self.sessions.find(user_id, session_id)
        return session is not None and session.is_live(self.clock() // 1000)


def _ended() -> InvalidToken:
    return InvalidToken("the session has ended")

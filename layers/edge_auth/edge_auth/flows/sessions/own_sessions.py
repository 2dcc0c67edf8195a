"""Own sessions: a user lists them and ends one of them. The caller's own session must live for both."""

from edge_auth.errors import InvalidToken, UnknownSession
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.callers_session import callers_session
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.sessions.session import SeenSession, Session
from edge_auth.tokens.claims import IDENTIFIER

ENDED_BY_USER = "user"


class OwnSessions:
    """The use cases. `session_id` is the caller's own, of a valid access token."""

    def __init__(self, *, sessions: Sessions, end_sessions: EndSessions, clock: Clock) -> None:
        """Keep what the use cases need."""
        self._sessions = sessions
        self._end_sessions = end_sessions
        self._clock = clock

    def living(self, user_id: str, session_id: str) -> list[Session]:
        """Return the user's living sessions, the one used last first.

        Raises:
            InvalidToken: the caller's own session has ended.

        """
        sessions = self._sessions.living(user_id, now_seconds=self._clock() // 1000)
        if session_id not in {session.session_id for session in sessions}:
            raise InvalidToken("the session has ended")
        return sorted(sessions, key=lambda session: (session.last_used_at_seconds, session.session_id), reverse=True)

    def end(self, user_id: str, session_id: str, to_end: str) -> None:
        """End one of the user's sessions, which may be the caller's own, or have expired.

        Raises:
            InvalidToken: the caller's own session has ended. If it was to end, authorizers have been told.
            UnknownSession: there is no such session of this user, or it has ended already.
            TemporarilyUnavailable: it is not known to have ended, or authorizers may not know it yet; the same call may
                be made again.

        """
        if to_end == session_id:
            self._end_own(user_id, session_id)
            return
        self._own(user_id, session_id)
        session = self._found(user_id, to_end)
        try:
            self._end_sessions.one(session, reason=ENDED_BY_USER)
        except AlreadyEnded:
            raise UnknownSession from None

    def _end_own(self, user_id: str, session_id: str) -> None:
        """End the caller's own session, and then tell authorizers, because these guard the route of the same call."""
        try:
            self._end_sessions.presented(self._own(user_id, session_id), reason=ENDED_BY_USER)
        except (InvalidToken, AlreadyEnded):
            # The access token proves which session it is, so the record may have any seed.
            self._end_sessions.repeated(SeenSession(user_id, session_id, generation=0, seed_hash=b""))
            raise InvalidToken("the session has ended") from None

    def _own(self, user_id: str, session_id: str) -> Session:
        return callers_session(self._sessions, user_id, session_id, now_seconds=self._clock() // 1000)

    def _found(self, user_id: str, session_id: str) -> Session:
        session = self._sessions.find(user_id, session_id) if IDENTIFIER.fullmatch(session_id) else None
        if session is None:
            raise UnknownSession
        return session

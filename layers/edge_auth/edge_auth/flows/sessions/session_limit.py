"""The limit of sessions per user: after a login, the oldest sessions beyond it end (ASVS 7.1.2)."""

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.end_sessions import EndSessions

SESSION_LIMIT = "session_limit"
MAX_ENDS = 100  # after the limit was lowered, a login ends at most this many


class SessionLimit:
    """The limit."""

    def __init__(
        self, *, sessions: Sessions, max_sessions: int, end_sessions: EndSessions, clock: Clock, record: Record
    ) -> None:
        """Keep what the limit needs."""
        self._sessions = sessions
        self._max_sessions = max_sessions
        self._end_sessions = end_sessions
        self._clock = clock
        self._record = record

    def keep(self, user_id: str) -> None:
        """End the user's oldest living sessions beyond the limit, after a new one was opened.

        Logins at the same moment agree on the order of the sessions, and the last one sees the sessions of all. So the
        newest sessions stay. Trouble is recorded and not raised: the login is good, and the next one tries again.
        """
        try:
            oldest_first = self._sessions.oldest_first(user_id, now_seconds=self._clock() // 1000)
            beyond = oldest_first[: -self._max_sessions][:MAX_ENDS]
            self._end_sessions.several(user_id, beyond, reason=SESSION_LIMIT)
        except TemporarilyUnavailable as error:
            self._record(SecurityEvent(EventName.SESSION_LIMIT_NOT_KEPT, user_id, reason=error.detail))

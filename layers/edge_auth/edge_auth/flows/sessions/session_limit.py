"""The limit of sessions per user: after a login, the oldest beyond it end (ASVS 7.1.2)."""

from typing import NamedTuple

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.flows.sessions.end_sessions import END_ID_BYTES

SESSION_LIMIT = "session_limit"
MOST_ENDS = 100  # so that a limit that was lowered makes no login wait for long


class SessionLimit(NamedTuple):
    """The limit, with all that it needs."""

    sessions: Sessions
    max_sessions: int
    clock: Clock
    entropy: Entropy
    record: Record

    def keep(self, user_id: str) -> None:
        """End the user's oldest living sessions beyond the limit, once a new one was opened.

        Of logins at one moment the last to look sees the sessions of all, and all agree on their order: the newest
        stay. Trouble is told and raises nothing, since the login is good either way; the next one catches up.
        """
        now_seconds = self.clock() // 1000
        try:
            oldest_first = self.sessions.ids_to_end(user_id, now_seconds=now_seconds)
            for session_id in oldest_first[: -self.max_sessions][:MOST_ENDS]:
                self._end(user_id, session_id, now_seconds)
        except TemporarilyUnavailable as error:
            self.record(SecurityEvent(EventName.SESSION_LIMIT_NOT_KEPT, user_id, reason=error.detail))

    def _end(self, user_id: str, session_id: str, now_seconds: int) -> None:
        try:
            self.sessions.end(
                user_id,
                session_id,
                seed_hash=None,
                reason=SESSION_LIMIT,
                end_id=self.entropy(END_ID_BYTES).hex(),
                now_seconds=now_seconds,
            )
        except AlreadyEnded:
            return
        self.record(SecurityEvent(EventName.SESSION_ENDED, user_id, session_id, reason=SESSION_LIMIT))

"""Ends all sessions of a user, once the epoch has moved: from then on no login that began before can open another."""

from typing import NamedTuple

from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy

END_ID_BYTES = 16


class EndSessions(NamedTuple):
    """The use case, with all that it needs."""

    sessions: Sessions
    clock: Clock
    entropy: Entropy
    record: Record

    def __call__(self, user_id: str, *, reason: str, last: str = "", keep: str = "") -> int:
        """End every session of the user that lives; return how many that were.

        `last` names the one to end last, `keep` one that goes on.

        Raises:
            TemporarilyUnavailable: some may be ended, some not; the same call may be made again.

        """
        now_seconds = self.clock() // 1000
        session_ids = self.sessions.ids_to_end(user_id, now_seconds=now_seconds)
        ended = 0
        for session_id in sorted(session_ids, key=lambda session_id: session_id == last):
            if session_id == keep:
                continue
            try:
                self.sessions.end(
                    user_id,
                    session_id,
                    seed_hash=None,
                    reason=reason,
                    end_id=self.entropy(END_ID_BYTES).hex(),
                    now_seconds=now_seconds,
                )
            except AlreadyEnded:
                continue
            ended += 1
        self.record(SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, keep, reason=reason))
        return ended

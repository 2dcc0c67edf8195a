"""Ends sessions. Every use case that ends one session, or all of a user, does it here."""

from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy

END_ID_BYTES = 16


class EndSessions:
    """The acts."""

    def __init__(self, *, sessions: Sessions, clock: Clock, entropy: Entropy, record: Record) -> None:
        """Keep what the acts need."""
        self._sessions = sessions
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def one(
        self,
        user_id: str,
        session_id: str,
        *,
        reason: str,
        seed_hash: bytes | None = None,
        event: SecurityEvent | None = None,
    ) -> None:
        """End one session and record that. `seed_hash` None ends the session with any seed.

        `event` is recorded in the place of SESSION_ENDED.

        Raises:
            AlreadyEnded: this call did not end it, so nothing is recorded.
            TemporarilyUnavailable: it is not known to have ended; the same call may be made again.

        """
        self._end(user_id, session_id, reason=reason, seed_hash=seed_hash)
        self._record(event or SecurityEvent(EventName.SESSION_ENDED, user_id, session_id, reason=reason))

    def all(self, user_id: str, *, reason: str, last: str = "", keep: str = "") -> int:
        """End every session of the user, also an expired one; return how many were ended.

        Call this after the epoch has moved: from then on, a login that began before cannot open another session.
        `last` names the session to end last, `keep` a session that goes on.

        Raises:
            TemporarilyUnavailable: some may have ended and some not; the same call may be made again.

        """
        session_ids = self._sessions.ids_to_end(user_id)
        ended = 0
        for session_id in sorted(session_ids, key=lambda session_id: session_id == last):
            if session_id == keep:
                continue
            try:
                self._end(user_id, session_id, reason=reason)
            except AlreadyEnded:
                continue
            ended += 1
        self._record(SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, keep, reason=reason))
        return ended

    def _end(self, user_id: str, session_id: str, *, reason: str, seed_hash: bytes | None = None) -> None:
        self._sessions.end(
            user_id,
            session_id,
            seed_hash=seed_hash,
            reason=reason,
            end_id=self._entropy(END_ID_BYTES).hex(),
            now_seconds=self._clock() // 1000,
        )

"""Ends sessions. Every use case that ends one session, or all of a user, does it here."""

from contextlib import suppress

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded, Sessions
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.sessions.session import REUSED, Endable, Session
from edge_auth.tokens.refresh_token import RefreshToken

END_ID_BYTES = 16
END_UNKNOWN = "reused, and not known to have ended"


class EndSessions:
    """The acts."""

    def __init__(self, *, sessions: Sessions, clock: Clock, entropy: Entropy, record: Record) -> None:
        """Keep what the acts need."""
        self._sessions = sessions
        self._clock = clock
        self._entropy = entropy
        self._record = record

    def one(self, session: Endable, *, reason: str, event: SecurityEvent | None = None) -> None:
        """End one session and record that. `event` is recorded in the place of SESSION_ENDED.

        Raises:
            AlreadyEnded: this call did not end it, so nothing is recorded.
            TemporarilyUnavailable: it is not known to have ended; the same call may be made again. If it has ended,
                that call raises AlreadyEnded, and no event is ever recorded (docs/decisions/0021).

        """
        self._end(session, reason)
        self._record(
            event or SecurityEvent(EventName.SESSION_ENDED, session.user_id, session.session_id, reason=reason)
        )

    def reused(self, token: RefreshToken, session: Session) -> None:
        """End a session whose token was reused. Of all callers that see the reuse, the one that ends it records that.

        A caller that cannot know whether it ended the session records it too. So a reuse is recorded at least once.

        Raises:
            TemporarilyUnavailable: the session is not known to have ended.

        """
        event = SecurityEvent(
            EventName.REFRESH_TOKEN_REUSED,
            session.user_id,
            session.session_id,
            reason=REUSED,
            generations_behind=session.generation - token.generation,
        )
        try:
            with suppress(AlreadyEnded):
                self.one(session, reason=REUSED, event=event)
        except TemporarilyUnavailable:
            self._record(event._replace(reason=END_UNKNOWN))
            raise

    def all(self, user_id: str, *, reason: str, last: str = "", keep: str = "") -> int:
        """End every session of the user, also an expired one; return how many were ended.

        Call this after the epoch has moved: from then on, a login that began before cannot open another session.
        `last` names the session to end last, `keep` a session that goes on.

        Raises:
            TemporarilyUnavailable: some may have ended and some not, and nothing is recorded; the same call may be made
                again, and records the end of all.

        """
        ended = 0
        for session in sorted(self._sessions.to_end(user_id), key=lambda session: session.session_id == last):
            if session.session_id == keep:
                continue
            try:
                self._end(session, reason)
            except AlreadyEnded:
                continue
            ended += 1
        self._record(SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, keep, reason=reason))
        return ended

    def _end(self, session: Endable, reason: str) -> None:
        end_id = self._entropy(END_ID_BYTES).hex()
        self._sessions.end(session, reason=reason, end_id=end_id, now_seconds=self._clock() // 1000)

"""A login in a browser that still has a session: the new session takes its place."""

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.flows.sessions.end_sessions import EndSessions
from edge_auth.sessions.session import REPLACED, token_kind
from edge_auth.tokens import refresh_token
from edge_auth.tokens.refresh_token import RefreshToken


class ReplaceSession:
    """The act."""

    def __init__(self, *, key_ring: KeyRingSource, end_sessions: EndSessions, record: Record) -> None:
        """Keep what the act needs."""
        self._key_ring = key_ring
        self._end_sessions = end_sessions
        self._record = record

    def __call__(self, presented: str, transport: str) -> None:
        """End the session of the token that the browser had before the login, by this transport. Any other ends none.

        If an act before has ended it, and may have failed before authorizers could know it, they are told now.

        It raises nothing, because the login is good either way. If it is not known that the session has ended, or that
        authorizers know it, that is recorded; a session that has not ended lives until its timeout or until its user
        ends it.
        """
        try:
            token = refresh_token.parse(presented, self._key_ring.load().mac_keys, token_kind(transport))
        except (InvalidGrant, TemporarilyUnavailable):
            return
        try:
            self._end(token)
        except TemporarilyUnavailable as error:
            event = SecurityEvent(EventName.SESSION_NOT_REPLACED, token.user_id, token.session_id, reason=error.detail)
            self._record(event)

    def _end(self, token: RefreshToken) -> None:
        try:
            self._end_sessions.presented(token, reason=REPLACED)
        except AlreadyEnded:
            self._end_sessions.repeated(token)

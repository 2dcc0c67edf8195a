"""The session of a caller, whose access token may outlive it."""

from edge_auth.errors import InvalidToken
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.sessions.session import Session


def callers_session(sessions: Sessions, user_id: str, session_id: str, *, now_seconds: int) -> Session:
    """Read the session. Raises InvalidToken: it has ended. Raises TemporarilyUnavailable."""
    session = sessions.find(user_id, session_id)
    if session is None or not session.is_live(now_seconds):
        raise InvalidToken("the session has ended")
    return session

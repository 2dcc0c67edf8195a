"""The list of a user's sessions. Times are seconds since 1970, as in the access token."""

from edge_auth.sessions.session import Session
from edge_auth.web.response import Response


def session_list(sessions: list[Session], *, current: str) -> Response:
    """Answer with these sessions, in their order. `current` is the id of the caller's session."""
    return Response(200, {"sessions": [_shown(session, current) for session in sessions]})


def _shown(session: Session, current: str) -> dict[str, str | int | bool]:
    return {
        "session_id": session.session_id,
        "created_at": session.created_at_seconds,
        "last_used_at": session.last_used_at_seconds,
        "expires_at": session.expires_at_seconds,
        "client_name": session.client.name,
        "user_agent": session.client.user_agent,
        "network": session.client.network,
        "current": session.session_id == current,
    }

"""Shows a user's own mail address."""

from edge_auth.accounts.identity import Identity
from edge_auth.errors import InvalidToken, UnknownUser
from edge_auth.flows.ports.identities import Identities
from edge_auth.flows.ports.sessions import Sessions
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.flows.sessions.callers_session import callers_session


class OwnAddress:
    """The use case."""

    def __init__(self, *, identities: Identities, sessions: Sessions, clock: Clock) -> None:
        """Keep what the use case needs."""
        self._identities = identities
        self._sessions = sessions
        self._clock = clock

    def __call__(self, user_id: str, session_id: str) -> Identity:
        """Return the user of this session.

        Raises:
            InvalidToken: the session has ended, or the user is gone.
            TemporarilyUnavailable: they cannot be read.

        """
        callers_session(self._sessions, user_id, session_id, now_seconds=self._clock() // 1000)
        try:
            return self._identities.find_by_id(user_id)
        except UnknownUser:
            raise InvalidToken("the user is gone") from None

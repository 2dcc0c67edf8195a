"""The sessions: opened at a login, rotated, ended, read."""

from typing import Protocol

from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import Session
from edge_auth.tokens.refresh_token import RefreshToken


class AlreadyEnded(Exception):
    """The session to end is ended already, is unknown, or is another one under the same id."""


class RotationRefused(Exception):
    """The rotation's condition did not hold.

    `session` is the session as the write found it, None where there is none.
    """

    def __init__(self, session: Session | None) -> None:
        """Keep the session that stood in the way."""
        super().__init__()
        self.session = session


class SessionOpening(Protocol):
    """Where sessions begin."""

    def open(self, session: Session, *, username: str, epoch: int) -> None:
        """Add a session, if the user is active and the epoch is still this one. Raises EpochMoved."""


class Sessions(Protocol):
    """The sessions."""

    def rotate(
        self,
        token: RefreshToken,
        *,
        rotation_id: str,
        now_ms: int,
        grace_seconds: int,
        idle_expires_at_seconds: int,
        wanted_scope: tuple[str, ...],
        client: ClientDescription,
    ) -> Session:
        """Move the session to its next generation, if the token is the current one and the session lives.

        And if it has every word of the wanted scope; the session's own scope stays. It shows the client's user agent
        and network from now on. One conditional write. Returns the session as it is now. Raises RotationRefused.
        """

    def end(
        self, user_id: str, session_id: str, *, seed_hash: bytes | None, reason: str, end_id: str, now_seconds: int
    ) -> None:
        """End a session that is not ended yet; it stays as a tombstone. One conditional write.

        `seed_hash` None ends it whatever its seed, for those who need no token to do so. `end_id` names this act, so
        that a write whose response was lost knows itself again. Raises AlreadyEnded.
        """

    def find(self, user_id: str, session_id: str) -> Session | None:
        """Read one session, strongly consistent; None where there is none."""

    def living(self, user_id: str, *, now_seconds: int) -> list[Session]:
        """Read the sessions of a user that live, strongly consistent."""

    def ids_to_end(self, user_id: str, *, now_seconds: int) -> list[str]:
        """Read the ids of all sessions of a user that are not known to be dead, oldest first, strongly consistent.

        A damaged session is among them: it must not keep the others alive.
        """

"""The sessions: a login opens one, and later it is rotated, read and ended."""

from typing import TYPE_CHECKING, Protocol

from edge_auth.sessions.session import Endable, EndedSession, Rotation, SeenSession, Session
from edge_auth.tokens.refresh_token import RefreshToken

if TYPE_CHECKING:
    from edge_auth.flows.ports.factors import FactorUse
    from edge_auth.flows.ports.passkeys import PasskeyUse


STEPPED_UP = "stepped_up"  # the reason of the end of a session that was replaced


class AlreadyEnded(Exception):
    """The session has already ended, is unknown, or has another seed."""


class RotationRefused(Exception):
    """The rotation's condition did not hold.

    `found` is the session that the write found, or the record of its end, or None.
    """

    def __init__(self, found: Session | EndedSession | None) -> None:
        """Keep what was found."""
        super().__init__()
        self.found = found


class SessionOpening(Protocol):
    """Opens sessions."""

    def open(self, session: Session, *, username: str, epoch: int, factor: "FactorUse | None" = None) -> None:
        """Add a session, if the user is active and the epoch is still this one. Raises EpochMoved.

        With a second factor, its use is written in the same act, and EpochMoved is also raised if it cannot be used.
        """


class SessionReplacement(Protocol):
    """Replaces sessions by stronger ones."""

    def replace(
        self,
        old: Session,
        new: Session,
        *,
        username: str,
        epoch: int,
        end_id: str,
        factor: "FactorUse | PasskeyUse | None" = None,
    ) -> None:
        """End a session and open another one of the same user, in one act.

        The conditions: those of `SessionOpening.open`, and the old session is as it was read. The use of a passkey has
        those of `PasskeyOpening.open`, and spends its challenge. The record of the end has the reason STEPPED_UP.
        `end_id` names this act.

        Raises:
            EpochMoved: the user has changed, or the factor cannot be used.
            AlreadyEnded: the old session has ended, or was refreshed.
            ChallengeSpent: the challenge of the passkey was spent before.

        """


class Sessions(Protocol):
    """The sessions."""

    def rotate(
        self, token: RefreshToken, rotation: Rotation, *, grace_seconds: int, wanted_scope: tuple[str, ...]
    ) -> Session:
        """Move the session to its next generation, in one conditional write. The token becomes its base.

        The conditions: the token is the newest one and came by the session's transport, the session lives, its last
        rotation is at least the grace window old, and its scope has every wanted word. A window of 0 asks for no age,
        so it depends on no clock. The session keeps its own scope, and shows the client's user agent and network from
        now on. Returns the session as it is now. Raises RotationRefused.
        """

    def retry_late(self, found: Session, rotation: Rotation) -> Session:
        """Move the session to its next generation for its base, because the answer with the newest token was lost.

        The conditions: the generation and the base are still the found ones, the token came by the session's transport,
        and the session lives. The base stays. Returns the session as it is now. Raises RotationRefused.
        """

    def end(self, session: Endable, *, reason: str, end_id: str, now_seconds: int, is_published: bool = False) -> None:
        """End a session that has not ended yet, in one conditional request.

        It leaves the user's sessions, and a short record of its end is kept elsewhere for a while. `end_id` names this
        act, so that a request that is repeated after a lost response recognizes the first one. `is_published` marks the
        record: authorizers were told of this end before. Raises AlreadyEnded.
        """

    def find(self, user_id: str, session_id: str) -> Session | None:
        """Read one session that has not ended, strongly consistent, or None if there is none."""

    def find_ended(self, user_id: str, session_id: str) -> EndedSession | None:
        """Read the record of a session's end, strongly consistent, or None if there is none."""

    def ended_since(self, user_id: str, since_seconds: int) -> list[str]:
        """Return the ids of the sessions that ended since then, the latest end first, strongly consistent.

        Sessions whose records are marked as published are not among them. If the user has very many records, some are
        missing, of any age.
        """

    def mark_published(self, user_id: str, session_id: str) -> None:
        """Mark the record of an end: authorizers have been told of it. It is no error if there is no record."""

    def living(self, user_id: str, *, now_seconds: int) -> list[Session]:
        """Read the living sessions of a user, strongly consistent. Raises TemporarilyUnavailable for too many."""

    def to_end(self, user_id: str) -> list[SeenSession]:
        """Read all sessions of a user that have not ended, strongly consistent.

        Expired sessions are among them: a refresh whose clock is behind, or that is on its way, may still extend one.
        Damaged sessions are among them too: these must not keep the others alive.
        """

    def oldest_first(self, user_id: str, *, now_seconds: int) -> list[SeenSession]:
        """Read the sessions of a user that are not known to be dead, oldest first, strongly consistent.

        Damaged sessions are among them. If there are very many, some are missing, of any age.
        """

    def forget(self, user_id: str) -> None:
        """Delete what is left of a user's sessions, and the records of their ends. May be repeated.

        Call this when no session of the user lives and none can be opened.
        """

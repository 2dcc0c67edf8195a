"""What the flows need from outside, in acts and not in reads and writes.

Every act either succeeds or raises. Whatever else an act may raise, infrastructure trouble is
`errors.TemporarilyUnavailable`: nothing was decided.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol

from edge_auth.client_description import ClientDescription
from edge_auth.flows.events import SecurityEvent
from edge_auth.flows.identity import Identity
from edge_auth.throttling import Backoff, Counted, Rate
from edge_auth.tokens.keyring import KeyRing, KeysInForce
from edge_auth.tokens.refresh import RefreshToken
from edge_auth.tokens.session import Session

Clock = Callable[[], int]
"""Milliseconds since 1970."""

Entropy = Callable[[int], bytes]
"""So many random bytes."""

Record = Callable[[SecurityEvent], None]
"""Keeps a security event."""


class EpochMoved(Exception):
    """The identity is not the one any more that was read: sessions were ended, or the user was disabled or deleted."""


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


class Identities(Protocol):
    """The users."""

    def find(self, username: str) -> Identity:
        """Read a user, strongly consistent. Raises UnknownUser."""

    def find_by_id(self, user_id: str) -> Identity:
        """Read the user with this id, strongly consistent. Raises UnknownUser."""

    def create(self, identity: Identity) -> None:
        """Add a user. Raises UsernameTaken."""

    def renew_hash(self, identity: Identity, password_hash: str) -> None:
        """Replace the hash of an unchanged password, unless it was changed meanwhile. Sessions stay."""

    def change_password(self, username: str, password_hash: str) -> Identity:
        """Replace the password and move the epoch. Raises UnknownUser."""

    def replace_password(self, identity: Identity, password_hash: str) -> None:
        """Replace the password and move the epoch, if that is still where it was read. Raises EpochMoved.

        No two hashes are alike, so that a write whose response was lost knows itself again.
        """

    def change_status(self, username: str, status: str) -> Identity:
        """Disable or enable a user and move the epoch. Raises UnknownUser."""

    def change_rights(self, username: str, *, scope: str, roles: tuple[str, ...]) -> Identity:
        """Replace scope and roles and move the epoch. Raises UnknownUser."""

    def delete(self, identity: Identity) -> None:
        """Remove a user, if the epoch is still where it was read: name and id in one act. Raises EpochMoved."""

    def move_epoch(self, user_id: str) -> None:
        """Move the epoch: no login that began before may open a session now. Raises UnknownUser."""


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

    def of_user(self, user_id: str) -> list[Session]:
        """Read all sessions of a user, tombstones included, strongly consistent."""

    def living(self, user_id: str, *, now_seconds: int) -> list[Session]:
        """Read the sessions of a user that live, strongly consistent."""

    def ids_to_end(self, user_id: str, *, now_seconds: int) -> list[str]:
        """Read the ids of all sessions of a user that are not known to be dead, oldest first, strongly consistent.

        A damaged session is among them: it must not keep the others alive.
        """


class Attempts(Protocol):
    """How often somebody tried. Every act is atomic, whoever else counts at the same moment."""

    def count(self, account: str, backoff: Backoff, *, source: str, now_ms: int) -> Counted:
        """Count an attempt on an account. Raises TooManyAttempts: it has to wait, and does not count.

        Where others made the account wait, a source that is proven has a counter of its own.
        """

    def succeed(self, account: str, counted: Counted, *, source: str, now_ms: int) -> None:
        """Forget the attempts on the account, and remember that somebody succeeded from this source."""

    def book(self, source: str, rate: Rate, *, now_ms: int) -> None:
        """Book an attempt from a source. Raises TooManyAttempts: the source has to wait, and nothing was booked."""


class KeyRingSource(Protocol):
    """Where flows get the keys from."""

    def load(self) -> KeysInForce:
        """Return the keys of this moment, of a ring that may be some minutes old. The one that signs can."""


class StoredRing(NamedTuple):
    """A key ring as it was read. `version` names this state of it."""

    ring: KeyRing
    version: str


class RingMoved(Exception):
    """The ring is not the one any more that the writer had read."""


class KeyRingStore(Protocol):
    """Where the one writer of the key ring keeps it."""

    def read(self) -> StoredRing | None:
        """Read the ring; None where none was made yet."""

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Keep the ring in the place of the one of this version; None where there was none.

        The same ring again is no error. Raises RingMoved: another ring was written first.
        """

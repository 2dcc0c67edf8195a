"""The users."""

from typing import Protocol

from edge_auth.accounts.identity import Identity
from edge_auth.tokens.own_claims import OwnClaims


class EpochMoved(Exception):
    """The identity has changed since it was read: sessions were ended, or the user was disabled or deleted."""


class Identities(Protocol):
    """The users."""

    def find(self, username: str) -> Identity:
        """Read a user, strongly consistent. Raises UnknownUser."""

    def find_by_id(self, user_id: str) -> Identity:
        """Read the user with this id, strongly consistent. Raises UnknownUser."""

    def create(self, identity: Identity) -> None:
        """Add a user. Raises UsernameTaken."""

    def renew_hash(self, identity: Identity, password_hash: str) -> str:
        """Replace the hash of an unchanged password, unless the hash has changed since it was read. Sessions stay.

        Returns the hash that the name has now. It is empty if there is no such user any more.
        """

    def change_password(self, identity: Identity, password_hash: str) -> Identity:
        """Replace the password and move the epoch, also if it has moved since the user was read.

        Returns the user as it is now. Raises UnknownUser: the user was deleted, and another may have the name.
        """

    def replace_password(self, identity: Identity, password_hash: str) -> None:
        """Replace the password and move the epoch, if the epoch has not moved since it was read. Raises EpochMoved.

        No two hashes are alike. So a write that is repeated after a lost response recognizes the first one.
        """

    def change_status(self, identity: Identity, status: str) -> Identity:
        """Disable or enable a user and move the epoch, as `change_password` does.

        A user who waited for the confirmation of the address waits again when it is enabled (SC1).
        """

    def change_rights(self, identity: Identity, *, scope: str, roles: tuple[str, ...]) -> Identity:
        """Replace scope and roles and move the epoch, as `change_password` does."""

    def change_claims(self, identity: Identity, claims: OwnClaims) -> Identity:
        """Replace the own claims and move the epoch, as `change_password` does."""

    def rename(self, identity: Identity, username: str) -> Identity:
        """Give a user another canonical name, in one act. All else stays, also the epoch. Returns the renamed user.

        If the user has this name already, nothing is done: so an act that is repeated after a lost response is no
        error.

        Raises:
            UsernameTaken: another user has the name.
            UnknownUser: the user was deleted or renamed since it was read.
            EpochMoved: the user was changed during this act, and keeps the old name.

        """

    def change_email(self, identity: Identity, email: str, *, verified_at_seconds: int) -> Identity:
        """Replace the address, and when it was confirmed: 0 is never. The epoch stays.

        Returns the user as it is now. Raises UnknownUser, as `change_password` does.
        """

    def delete(self, identity: Identity) -> None:
        """Remove name and id of a user in one act, if the epoch has not moved since it was read. Raises EpochMoved."""

    def move_epoch(self, user_id: str) -> None:
        """Move the epoch: a login that read the old one cannot open a session. Raises UnknownUser."""

"""The passkeys of users: where they are stored, and how one opens a session."""

from typing import NamedTuple, Protocol

from edge_auth.accounts.identity import Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.sessions.session import Session
from edge_auth.tokens.passkey_challenge import Challenge

# RFC 8176 §2: a passkey that cannot leave its device, and one that may be copied to others. Each asks for the user.
ONE_DEVICE_METHODS = ("hwk", "user")
SYNCED_METHODS = ("swk", "user")


class ChallengeSpent(Exception):
    """A session was opened for this challenge before."""


class PasskeyUse(NamedTuple):
    """One use of a passkey: as it was read, as it is afterwards, and the challenge that it has answered."""

    before: RegisteredPasskey
    after: RegisteredPasskey
    challenge: Challenge

    @property
    def methods(self) -> tuple[str, ...]:
        """How the user has signed in (RFC 8176 §2)."""
        return SYNCED_METHODS if self.after.is_backup_eligible else ONE_DEVICE_METHODS


class PasskeyOpening(Protocol):
    """Opens sessions for passkeys."""

    def open(self, session: Session, identity: Identity, use: PasskeyUse) -> None:
        """Add a session, keep the new state of the passkey, and mark the challenge as spent, all in one act.

        Raises:
            ChallengeSpent: it was spent before.
            EpochMoved: the user has changed since it was read, or the passkey has.

        """


class PasskeyStore(Protocol):
    """Stores the passkeys of users. Each act names the user as it was read, and may be repeated.

    A new or removed passkey moves `factors_version`. A removed one also moves the epoch.
    """

    def add(self, identity: Identity, passkey: RegisteredPasskey) -> None:
        """Add a passkey. Raises EpochMoved: the user or its passkeys have changed since."""

    def rename(self, identity: Identity, credential_id: bytes, name: str) -> None:
        """Give a passkey another name. Raises EpochMoved, as `add`."""

    def remove(self, identity: Identity, credential_id: bytes) -> None:
        """Remove a passkey. Raises EpochMoved, as `add`."""

"""Users that come from another system."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from edge_auth.accounts.identity import Identity


class Imported(NamedTuple):
    """A user of another system. `source` names the system, and the user there: it is the same at every import."""

    identity: Identity
    source: str


class ImportedIdentities(Protocol):
    """The users, and a record of who was imported. The record stays when a user is renamed or deleted."""

    def add(self, users: Sequence[Imported]) -> tuple[str, ...]:
        """Add users of whom no two have the same name or the same source. Those that cannot be added stop no other.

        Returns the id that each user has here: the given one, or that of an earlier import from the same source, also
        if its user has been deleted since. It is empty if another user has the name.

        Raises TemporarilyUnavailable: it is not known who was added. The same call may be made again.
        """

"""Imports users of another system: each one once, however often the import is run."""

from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.imported_identities import Imported, ImportedIdentities
from edge_auth.flows.ports.time_and_randomness import Pause

# DynamoDB refuses requests while a table that is new or quiet gets used to more writes, which takes it some minutes.
WAITS_SECONDS = (1, 2, 4, 8, 16, 30, 30, 30)


class Result(Enum):
    """What became of a user."""

    ADDED = "added"
    KNOWN = "known"  # from an earlier import of the same source
    NAME_TAKEN = "name taken"


class Outcome(NamedTuple):
    """What became of a user, and the id that the user has here, empty if there is none."""

    result: Result
    user_id: str


class ImportUsers:
    """The use case."""

    def __init__(self, imported: ImportedIdentities, *, pause: Pause) -> None:
        """Keep what the use case needs."""
        self._imported = imported
        self._pause = pause

    def __call__(self, users: Sequence[Imported]) -> tuple[Outcome, ...]:
        """Add these users, of whom no two have the same name or the same source. Wait while the table is too busy.

        Raises:
            TemporarilyUnavailable: the table stays busy, or cannot be reached. The same call may be made again.

        """
        ids = self._added(users)
        return tuple(_outcome(user, user_id) for user, user_id in zip(users, ids, strict=True))

    def _added(self, users: Sequence[Imported]) -> tuple[str, ...]:
        for seconds in WAITS_SECONDS:
            try:
                return self._imported.add(users)
            except TemporarilyUnavailable:
                self._pause(seconds)
        return self._imported.add(users)


def _outcome(user: Imported, user_id: str) -> Outcome:
    if not user_id:
        return Outcome(Result.NAME_TAKEN, "")
    # Also our own write whose answer was lost: ids are drawn, so no earlier import had this one.
    return Outcome(Result.ADDED if user_id == user.identity.user_id else Result.KNOWN, user_id)

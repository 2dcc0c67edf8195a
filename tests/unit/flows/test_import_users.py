"""Imports: each user once, also after lost answers, and with patience while a table is busy."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.accounts.import_users import WAITS_SECONDS, ImportUsers, Outcome, Result
from edge_auth.flows.ports.imported_identities import Imported
from tests.support.dynamodb.records import ADA, ADA_ID, BOB, BOB_ID
from tests.support.fakes.imports import MemoryImportedIdentities
from tests.support.fakes.stores import MemoryStore

USERS = [Imported(ADA, "other#1"), Imported(BOB, "other#2")]
ADDED = (Outcome(Result.ADDED, ADA_ID), Outcome(Result.ADDED, BOB_ID))


@dataclass
class Busy:
    """A store whose first calls fail: before they write anything, or after it, when the answer is lost."""

    failures: int
    is_lost: bool = False
    store: MemoryImportedIdentities = field(default_factory=lambda: MemoryImportedIdentities(MemoryStore()))

    def add(self, users: Sequence[Imported]) -> tuple[str, ...]:
        """Add users, or fail."""
        self.failures -= 1
        if self.failures >= 0 and not self.is_lost:
            raise TemporarilyUnavailable("busy")
        added = self.store.add(users)
        if self.failures >= 0:
            raise TemporarilyUnavailable("lost")
        return added


def test_each_user_has_an_outcome() -> None:
    """A second run takes nothing twice, and a name that another user has is no one's fault."""
    store, waited = Busy(0), list[float]()
    importing = ImportUsers(store, pause=waited.append)
    eve = Imported(replace(BOB, user_id="e" * 22), "other#3")

    assert importing(USERS) == ADDED
    assert importing([USERS[0]._replace(identity=replace(ADA, user_id="x" * 22)), eve]) == (
        Outcome(Result.KNOWN, ADA_ID),
        Outcome(Result.NAME_TAKEN, ""),
    )
    assert waited == []


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_busy_table_is_waited_for(is_lost: bool) -> None:  # noqa: FBT001 - a table
    """The waits grow. A call whose answer was lost is recognized by the ids that it drew: its users count as added."""
    waited = list[float]()

    assert ImportUsers(Busy(3, is_lost), pause=waited.append)(USERS) == ADDED
    assert waited == [1, 2, 4]


def test_a_table_that_stays_busy_ends_the_import() -> None:
    """After two minutes the operator decides."""
    waited = list[float]()

    with pytest.raises(TemporarilyUnavailable):
        ImportUsers(Busy(1000), pause=waited.append)(USERS)
    assert waited == [*WAITS_SECONDS]
    assert 60 < sum(waited) < 180

"""Imports of users into a store in memory. They pass the same contract suite as the DynamoDB adapter."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from edge_auth.errors import UsernameTaken
from edge_auth.flows.ports.imported_identities import Imported
from tests.support.fakes.stores import MemoryIdentities, MemoryStore


@dataclass
class MemoryImportedIdentities:
    """The port `ImportedIdentities`."""

    store: MemoryStore
    ids: dict[str, str] = field(default_factory=dict)

    def add(self, users: Sequence[Imported]) -> tuple[str, ...]:
        """Add users."""
        with self.store.lock:
            return tuple(map(self._add, users))

    def _add(self, user: Imported) -> str:
        if user.source in self.ids:
            return self.ids[user.source]
        try:
            MemoryIdentities(self.store).create(user.identity)
        except UsernameTaken:
            return ""
        self.ids[user.source] = user.identity.user_id
        return user.identity.user_id

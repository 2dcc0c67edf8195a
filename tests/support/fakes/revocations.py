"""The feed of ended sessions in memory."""

import threading
from collections.abc import Iterable

from edge_auth.tokens.ended_feed import entry_of


class MemoryRevocations:
    """The port `Revocations`. Nothing leaves it, so it has no slots."""

    def __init__(self) -> None:
        """Begin without an entry."""
        self.session_ids = set[str]()
        self.kids = set[str]()
        self.keys_until_seconds = 0
        self._lock = threading.Lock()

    @property
    def sids(self) -> set[str]:
        """The entries. The ids that a test draws may begin alike, so most tests compare the ids."""
        return {entry_of(session_id) for session_id in self.session_ids}

    def publish(self, session_ids: Iterable[str]) -> None:
        """Add the sessions."""
        with self._lock:
            self.session_ids |= set(session_ids)

    def withdraw_keys(self, kids: Iterable[str], *, until_seconds: int) -> None:
        """Add the keys. Their time never moves back."""
        with self._lock:
            self.kids |= set(kids)
            self.keys_until_seconds = max(self.keys_until_seconds, until_seconds)

"""The feed of ended sessions in memory. It passes the same contract suite as the DynamoDB adapter."""

from collections.abc import Iterable

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.ended_feed import FeedCopy
from edge_auth.flows.ports.time_and_randomness import Clock


class MemoryEndedFeed:
    """The port `EndedFeed`."""

    def __init__(self, clock: Clock) -> None:
        """Begin empty. The clock is the store's own."""
        self._clock = clock
        self._items: dict[int, tuple[set[str], set[str]]] = {}
        self.is_down = False

    def put(self, slot: int, entries: Iterable[str] = (), kids: Iterable[str] = ()) -> None:
        """Add to an item, as a writer does."""
        kept_entries, kept_kids = self._items.setdefault(slot, (set(), set()))
        kept_entries.update(entries)
        kept_kids.update(kids)

    def read(self, *, since_slot: int) -> FeedCopy:
        """Read all items of this slot and later ones."""
        if self.is_down:
            raise TemporarilyUnavailable("injected")
        found = [item for slot, item in self._items.items() if slot >= since_slot]
        return FeedCopy(
            self._clock() // 1000,
            frozenset(entry for entries, _ in found for entry in entries),
            frozenset(kid for _, kids in found for kid in kids),
        )

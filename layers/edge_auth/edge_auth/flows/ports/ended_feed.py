"""The feed of ended sessions, for a reader."""

from typing import NamedTuple, Protocol


class FeedCopy(NamedTuple):
    """What one read of the feed found.

    `as_of_seconds` is a time of the store, when the read began or earlier: all that was added before it is here.
    `entries` are the first characters of session ids, and `kids` the ids of withdrawn signing keys.
    """

    as_of_seconds: int
    entries: frozenset[str]
    kids: frozenset[str]


class EndedFeed(Protocol):
    """Reads the feed."""

    def read(self, *, since_slot: int) -> FeedCopy:
        """Read all items of this slot and later ones, strongly consistent.

        Raises:
            TemporarilyUnavailable: the store cannot be read, or an item is damaged.

        """

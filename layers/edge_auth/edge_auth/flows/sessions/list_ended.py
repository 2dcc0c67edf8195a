"""List ended: the sessions whose access tokens must be refused, for verifiers that are not the authorizer."""

from typing import NamedTuple

from edge_auth.flows.ports.ended_feed import EndedFeed
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.tokens.ended_feed import WINDOW_MARGIN_SECONDS, slot_of


class EndedSessions(NamedTuple):
    """The sessions that ended in the last `window_seconds`, as the first characters of their ids, in order.

    `as_of_seconds` is a time of the store: no end before it is missing. `kids` are withdrawn signing keys, in order.
    """

    as_of_seconds: int
    window_seconds: int
    entries: tuple[str, ...]
    kids: tuple[str, ...]


class ListEnded:
    """The use case."""

    def __init__(self, *, feed: EndedFeed, access_token_seconds: int, clock: Clock) -> None:
        """Keep what the use case needs."""
        self._feed = feed
        self._window_seconds = access_token_seconds + WINDOW_MARGIN_SECONDS
        self._clock = clock

    def __call__(self) -> EndedSessions:
        """Read the feed of the whole window.

        Raises:
            TemporarilyUnavailable: the feed cannot be read, or is damaged.

        """
        copy = self._feed.read(since_slot=slot_of(self._clock() // 1000 - self._window_seconds))
        return EndedSessions(
            copy.as_of_seconds, self._window_seconds, tuple(sorted(copy.entries)), tuple(sorted(copy.kids))
        )

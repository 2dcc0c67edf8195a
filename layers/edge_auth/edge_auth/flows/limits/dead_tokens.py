"""How often a dead refresh token may be presented: each time costs a write that is refused (F39).

Only what is dead is counted, after it was refused: an honest client's refresh stays one write. A process that was told
to wait asks nobody before that time is over.
"""

from contextlib import suppress

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.counters import Rate, bucket
from edge_auth.tokens.refresh_token import RefreshToken

# Far beyond any burst of retries of one client: all its tabs, and all of theirs.
DEAD_TOKEN_RATE = Rate(attempts=60, seconds=60, burst=300)
MAX_REMEMBERED = 1000


class DeadTokenLimit:
    """The limit, of each session on its own."""

    def __init__(self, attempts: Attempts, clock: Clock) -> None:
        """Begin without having refused anything."""
        self._attempts = attempts
        self._clock = clock
        self._free_at_ms: dict[str, int] = {}

    def check(self, token: RefreshToken) -> None:
        """Let a token pass, unless its like has to wait. Raises TooManyAttempts."""
        wait_ms = self._free_at_ms.get(_counter(token), 0) - self._clock() if self._free_at_ms else 0
        if wait_ms > 0:
            raise TooManyAttempts(-(-wait_ms // 1000))

    def refused(self, token: RefreshToken) -> None:
        """Count a token that was refused. Raises TooManyAttempts. What cannot be counted was refused all the same."""
        counter, now_ms = _counter(token), self._clock()
        try:
            with suppress(TemporarilyUnavailable):
                self._attempts.book(counter, DEAD_TOKEN_RATE, now_ms=now_ms)
        except TooManyAttempts as error:
            while len(self._free_at_ms) >= MAX_REMEMBERED:
                del self._free_at_ms[next(iter(self._free_at_ms))]  # the oldest
            self._free_at_ms[counter] = now_ms + error.retry_after_seconds * 1000
            raise


def _counter(token: RefreshToken) -> str:
    # With the seed: a token that only claims to be of a session, under a leaked MAC key, must not count against it.
    return bucket("refresh", token.user_id, token.session_id, token.seed_hash.hex())

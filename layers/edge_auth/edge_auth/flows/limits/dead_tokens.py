"""Limits how often dead refresh tokens may be presented, because each one costs a refused write (F39).

Only dead tokens are counted, after they were refused. So the refresh of an honest client is still one write. While a
session has to wait, the process remembers that, and does not ask the counter again.
"""

from contextlib import suppress

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.limits import DEAD_TOKEN_RATE, dead_token_bucket
from edge_auth.throttling.rule import seconds_between
from edge_auth.tokens.refresh_token import RefreshToken

MAX_REMEMBERED = 1000


class DeadTokenLimit:
    """The limit. Each session has its own."""

    def __init__(self, attempts: Attempts, clock: Clock) -> None:
        """Begin without a refused token."""
        self._attempts = attempts
        self._clock = clock
        self._free_at_ms: dict[str, int] = {}

    def check(self, token: RefreshToken) -> None:
        """Let a token pass, unless the tokens of its session have to wait. Raises TooManyAttempts."""
        if not self._free_at_ms:
            return
        now_ms, free_at_ms = self._clock(), self._free_at_ms.get(dead_token_bucket(token), 0)
        if now_ms < free_at_ms:
            raise TooManyAttempts(seconds_between(now_ms, free_at_ms))

    def refused(self, token: RefreshToken) -> None:
        """Count a token that was refused. Raises TooManyAttempts. A failure to count changes nothing."""
        counter, now_ms = dead_token_bucket(token), self._clock()
        try:
            with suppress(TemporarilyUnavailable):
                self._attempts.book(counter, DEAD_TOKEN_RATE, now_ms=now_ms)
        except TooManyAttempts as error:
            while len(self._free_at_ms) >= MAX_REMEMBERED:
                del self._free_at_ms[next(iter(self._free_at_ms))]  # the oldest
            self._free_at_ms[counter] = now_ms + error.retry_after_seconds * 1000
            raise

"""Limits how often dead refresh tokens may be presented, because each one costs a refused write (F39).

Only dead tokens are counted, after they were refused or had nothing to end. So the refresh of an honest client is still
one write, and so is its logout. While a token has to wait, the process remembers that, and does not ask the counter
again.
"""

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.limits.waiting import WaitingCounters
from edge_auth.flows.ports.attempts import Attempts
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.throttling.limits import DEAD_TOKEN_RATE, dead_token_bucket
from edge_auth.tokens.refresh_token import RefreshToken


class DeadTokenLimit:
    """The limit. Each token has its own, for each transport by which it comes."""

    def __init__(self, attempts: Attempts, clock: Clock, record: Record) -> None:
        """Begin without a refused token."""
        self._attempts = attempts
        self._clock = clock
        self._record = record
        self._waiting = WaitingCounters()

    def check(self, token: RefreshToken, transport: str) -> None:
        """Let a token pass, unless it has to wait if it comes so. Raises TooManyAttempts."""
        if self._waiting:  # otherwise a refresh pays for no hash
            self._waiting.check(dead_token_bucket(token, transport), self._clock())

    def refused(self, token: RefreshToken, transport: str) -> None:
        """Count a token that was refused. A failure to count is recorded, no more. Raises TooManyAttempts."""
        counter, now_ms = dead_token_bucket(token, transport), self._clock()
        try:
            self._attempts.book(counter, DEAD_TOKEN_RATE, now_ms=now_ms)
        except TemporarilyUnavailable as error:
            name = EventName.DEAD_TOKEN_NOT_COUNTED
            self._record(SecurityEvent(name, token.user_id, token.session_id, reason=error.detail))
        except TooManyAttempts as error:
            self._waiting.keep(counter, error, now_ms)
            raise

"""A session in a global table of two Regions, where the last writer wins.

DynamoDB's eventually consistent global tables (MREC) check a write's condition against the replica that receives it.
If both replicas write an item, the later write replaces the whole item on both. Two replicas simulate that here, with
the tests' in-memory store and the real rotation rule (`sessions.rotation_rule.decide`).
"""

import heapq
import random
from itertools import count

from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import Outcome, decide
from edge_auth.sessions.session import NEVER_ROTATED_MS, REUSED, EndedSession, SeenSession, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.stores import MemorySessions, MemoryStore

GRACE_SECONDS = 10  # this and the next two are the template's defaults
IDLE_SECONDS, ABSOLUTE_SECONDS = 14 * 86_400, 30 * 86_400
DOWN_SECONDS = 3600
HOME, OTHER = 0, 1
KEY = ("user", "session")
FIRST_TOKEN = RefreshToken(*KEY, generation=0, seed=b"seed")
FIRST_SESSION = Session(
    *KEY,
    seed_hash=FIRST_TOKEN.seed_hash,
    generation=0,
    rotated_at_ms=NEVER_ROTATED_MS,
    rotation_id="",
    created_at_ms=0,
    auth_time_seconds=0,
    idle_expires_at_seconds=IDLE_SECONDS,
    absolute_expires_at_seconds=ABSOLUTE_SECONDS,
    client_id="",
)


Items = tuple[Session | None, EndedSession | None]
"""The session's item, and the record of its end."""


class Replicas:
    """One session in two replicas. Times are seconds; a replica is HOME or OTHER."""

    def __init__(self, chance: random.Random, lag_seconds: float, *, stay_home: bool = False) -> None:
        """Begin with one session in both replicas. With `stay_home`, the home Region answers all requests."""
        self.chance = chance
        self.lag_seconds = lag_seconds
        self._stay_home = stay_home
        self._stores = (MemoryStore(sessions={KEY: FIRST_SESSION}), MemoryStore(sessions={KEY: FIRST_SESSION}))
        self._written_at = [-1.0, -1.0]
        self._messages: list[tuple[float, int, int, float, Items]] = []
        self._numbers = count()
        self._cut_at = float("inf")

    def cut(self, begin: float) -> None:
        """Put the home Region out of reach for DOWN_SECONDS. Its writes still under way arrive after it is back."""
        self._cut_at = begin

    def is_down(self, region: int, now: float) -> bool:
        """Return whether a Region is out of reach."""
        return region == HOME and self._cut_at <= now < self._cut_at + DOWN_SECONDS

    def refresh(self, token: RefreshToken, region: int, now: float) -> Outcome | None:
        """Present a token, as the refresh flow does. Return None if the Region is out of reach (503)."""
        region = HOME if self._stay_home else region
        if self.is_down(region, now):
            return None
        self._deliver(now)
        now_ms, rotation_id = round(now * 1000), str(next(self._numbers))
        try:
            MemorySessions(self._stores[region]).rotate(
                token,
                rotation_id=rotation_id,
                now_ms=now_ms,
                grace_seconds=GRACE_SECONDS,
                idle_expires_at_seconds=int(now) + IDLE_SECONDS,
                wanted_scope=(),
                client=UNKNOWN_CLIENT,
            )
        except RotationRefused as refused:
            outcome = decide(token, refused.found, rotation_id=rotation_id, now_ms=now_ms, grace_seconds=GRACE_SECONDS)
            if outcome is Outcome.REUSED:
                self.end(region, now)
            return outcome
        self._send(region, now)
        return Outcome.ROTATED

    def end(self, region: int, now: float) -> None:
        """End the session, as a logout does."""
        region = HOME if self._stay_home else region
        self._deliver(now)
        try:
            MemorySessions(self._stores[region]).end(
                SeenSession(*KEY, generation=0, seed_hash=b""),
                reason=REUSED,
                end_id=str(next(self._numbers)),
                now_seconds=int(now),
            )
        except AlreadyEnded:
            return
        self._send(region, now)

    def _send(self, region: int, now: float) -> None:
        arrives = now + (self.chance.expovariate(1 / self.lag_seconds) if self.lag_seconds else 0)
        if region == HOME and now < self._cut_at < arrives:
            arrives += DOWN_SECONDS
        self._written_at[region] = now
        store = self._stores[region]
        items = (store.sessions.get(KEY), store.ended.get(KEY))
        heapq.heappush(self._messages, (arrives, next(self._numbers), 1 - region, now, items))

    def _deliver(self, now: float) -> None:
        while self._messages and self._messages[0][0] <= now:
            _, _, region, written_at, (session, ended) = heapq.heappop(self._messages)
            store = self._stores[region]
            if ended is not None:
                store.ended[KEY] = ended
            if written_at > self._written_at[region]:  # the last writer wins
                self._written_at[region] = written_at
                store.sessions.pop(KEY, None)
                if session is not None:
                    store.sessions[KEY] = session

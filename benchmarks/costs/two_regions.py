"""Two Regions over one global table: how well the rotation rule holds where the last writer wins.

DynamoDB's eventually consistent global tables (MREC) check a write's condition against the replica that receives it.
If both replicas write an item, the later write replaces the whole item on both. Two replicas simulate that here, with
the tests' in-memory store and the real rotation rule (`sessions.rotation_rule.decide`).

Clients move between the Regions, because of latency routing, roaming and failover. For comparison, each request is
also answered in the Region in which the session began (its home). The clocks agree, no request is lost, and each
message has its own delay. A real deployment has more faults.
"""

import heapq
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from benchmarks.frame.results import Figures, markdown
from benchmarks.requests.deployment import IDLE_SECONDS, new_session
from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import ANSWERED, Outcome, RotationLimits, decide
from edge_auth.sessions.session import REUSED, EndedSession, Rotation, SeenSession, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.stores import MemorySessions, MemoryStore

GRACE_SECONDS, LATE_RETRY_SECONDS, ACCESS_TOKEN_SECONDS = 30, 336 * 3600, 900  # the template's defaults
LIMITS = RotationLimits(GRACE_SECONDS, LATE_RETRY_SECONDS, late_retry_elsewhere=True)
SESSIONS, QUICK_SESSIONS = 1000, 50  # of each kind, in each row
LAGS_SECONDS = (0, 1, 10, 60)  # the mean: "typically within a second" according to AWS, and longer with a backlog
SWITCHES = (0.01, 0.1, 0.5)  # the probability that a request reaches the other Region than the last one
ROUNDS = 32  # eight hours of refreshes
TABS, TAB_SPREAD_SECONDS, LATENCY_SECONDS = 3, 5, 0.3  # a browser that wakes up: its tabs share one token
STOLEN_EVERY_SECONDS = GRACE_SECONDS + 1  # a stolen phone that rotates as often as the rule allows

DOWN_SECONDS = 3600
HOME, OTHER = 0, 1
KEY = ("user", "session")
FIRST_TOKEN = RefreshToken(*KEY, generation=0, seed=b"seed")
FIRST_SESSION = new_session(FIRST_TOKEN, 0)
FIRST_SEEN = SeenSession(*KEY, generation=0, seed_hash=b"")


def measure(*, quick: bool) -> Figures:
    """Return how many of the simulated sessions went wrong: while both Regions are up, and when one is lost."""
    sessions = QUICK_SESSIONS if quick else SESSIONS
    rows = [(lag, switch, False) for lag in LAGS_SECONDS for switch in SWITCHES]
    moving = [*rows, (LAGS_SECONDS[-1], SWITCHES[-1], True)]
    failover = [*((lag, 0, False) for lag in LAGS_SECONDS), (LAGS_SECONDS[-1], 0, True)]
    return {
        "sessions": sessions,
        "moving": [_counted(MOVING, sessions, *row) for row in moving],
        "failover": [_counted(FAILOVER, sessions, *row) for row in failover],
    }


def table(figures: Figures) -> str:
    """Return both tables."""
    return f"{moving_table(figures)}\n\n{failover_table(figures)}"


def moving_table(figures: Figures) -> str:
    """Return the table of the sessions that went wrong while both Regions were up."""
    rows = [
        (*_where(row), f"{row['switch']:.0%}", row["logged_out"], row["revived"], row["thief"])
        for row in figures["moving"]
    ]
    return markdown(("answered in", "lag, mean", "moves", "logged out", "revived", "thief stays"), rows, rule=" --- ")


def failover_table(figures: Figures) -> str:
    """Return the table of the sessions that went wrong when one Region was lost."""
    rows = [(*_where(row), row["logged_out"], row["waits"]) for row in figures["failover"]]
    return markdown(("answered in", "lag, mean", "logged out", "waits"), rows, rule=" --- ")


class Replicas:
    """One session in two replicas. Times are seconds; a replica is HOME or OTHER."""

    def __init__(self, chance: random.Random, lag_seconds: float, *, stay_home: bool = False) -> None:
        """Begin with one session in both replicas. With `stay_home`, the home Region answers all requests."""
        self.chance = chance
        self.lag_seconds = lag_seconds
        self._stay_home = stay_home
        self._stores = (MemoryStore(sessions={KEY: FIRST_SESSION}), MemoryStore(sessions={KEY: FIRST_SESSION}))
        self._written_at = [-1.0, -1.0]
        self._messages: list[tuple[float, int, int, float, Any]] = []
        self._numbers = count()
        self.newest = FIRST_TOKEN  # the refresh token of the last answer
        # From then on the home Region is out of reach for DOWN_SECONDS. Its writes under way arrive after that.
        self.cut_at = float("inf")

    def is_down(self, region: int, now: float) -> bool:
        """Return whether a Region is out of reach."""
        return region == HOME and self.cut_at <= now < self.cut_at + DOWN_SECONDS

    def refresh(self, token: RefreshToken, region: int, now: float) -> Outcome | None:
        """Present a token, as the refresh flow does. Return None if the Region is out of reach (503)."""
        region = HOME if self._stay_home else region
        if self.is_down(region, now):
            return None
        self._deliver(now)
        rotation = Rotation(str(next(self._numbers)), round(now * 1000), int(now) + IDLE_SECONDS, UNKNOWN_CLIENT)
        found, outcome = self._presented(MemorySessions(self._stores[region]), token, rotation)
        if outcome is Outcome.REUSED:
            self.end(region, now)
        elif outcome in (Outcome.ROTATED, Outcome.RETRIED_LATE):
            self._send(region, now)
        if isinstance(found, Session) and outcome in ANSWERED:
            self.newest = token.of_generation(found.generation)
        return outcome

    def _presented(
        self, sessions: MemorySessions, token: RefreshToken, rotation: Rotation
    ) -> tuple[Session | EndedSession | None, Outcome]:
        try:
            return sessions.rotate(token, rotation, grace_seconds=GRACE_SECONDS, wanted_scope=()), Outcome.ROTATED
        except RotationRefused as refused:
            found = refused.found
        outcome = decide(
            token,
            found,
            client=UNKNOWN_CLIENT,
            rotation_id=rotation.rotation_id,
            now_ms=rotation.now_ms,
            limits=LIMITS,
        )
        if isinstance(found, Session) and outcome is Outcome.RETRIED_LATE:
            found = sessions.retry_late(found, rotation)
        return found, outcome

    def end(self, region: int, now: float) -> None:
        """End the session, as a logout does."""
        region = HOME if self._stay_home else region
        self._deliver(now)
        try:
            MemorySessions(self._stores[region]).end(
                FIRST_SEEN, reason=REUSED, end_id=str(next(self._numbers)), now_seconds=int(now)
            )
        except AlreadyEnded:
            return
        self._send(region, now)

    def _send(self, region: int, now: float) -> None:
        arrives = now + (self.chance.expovariate(1 / self.lag_seconds) if self.lag_seconds else 0)
        if region == HOME and now < self.cut_at < arrives:
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


@dataclass
class Holder:
    """A client with a refresh token, in one of the Regions."""

    replicas: Replicas
    switch: float
    token: RefreshToken = FIRST_TOKEN
    region: int = HOME

    def move(self) -> int:
        """Move or stay, and return the Region that the next request reaches."""
        if self.replicas.chance.random() < self.switch:
            self.region = 1 - self.region
        return self.region

    def refresh(self, now: float) -> Outcome | None:
        """Refresh, and keep the new token."""
        outcome = self.replicas.refresh(self.token, self.move(), now)
        if outcome in ANSWERED:
            self.token = self.replicas.newest
        return outcome


Acts = Mapping[str, Callable[[Replicas, float], bool]]


def is_logged_out(replicas: Replicas, switch: float) -> bool:
    """Return whether an honest browser with a few tabs is logged out during its rounds."""
    browser = Holder(replicas, switch)
    for each in range(1, ROUNDS + 1):
        wakes = each * ACCESS_TOKEN_SECONDS
        under_way: list[tuple[float, RefreshToken]] = []
        for now in sorted(wakes + replicas.chance.uniform(0, TAB_SPREAD_SECONDS) for _ in range(TABS)):
            browser.token = next((token for at, token in reversed(under_way) if at <= now), browser.token)
            outcome = replicas.refresh(browser.token, browser.move(), now)
            if outcome not in ANSWERED:
                return True
            under_way.append((now + LATENCY_SECONDS, replicas.newest))
        browser.token = under_way[-1][1]
    return False


def is_revived(replicas: Replicas, switch: float) -> bool:
    """Return whether a stolen phone's session is alive an hour after its owner ended it from another device."""
    phone = Holder(replicas, switch)
    ends = replicas.chance.uniform(300, 600)
    is_ended = False
    for now in range(STOLEN_EVERY_SECONDS, ACCESS_TOKEN_SECONDS, STOLEN_EVERY_SECONDS):
        if not is_ended and now > ends:
            replicas.end(HOME, ends)
            is_ended = True
        phone.refresh(now)
    later = ACCESS_TOKEN_SECONDS + 3600
    return any(replicas.refresh(phone.token, region, later) in ANSWERED for region in (HOME, OTHER))


def has_thief(replicas: Replicas, switch: float) -> bool:
    """Return whether a thief who copied a browser's token still gets tokens after hours in which both refresh."""
    owner = Holder(replicas, switch)
    owner.refresh(ACCESS_TOKEN_SECONDS)
    thief = Holder(replicas, switch, owner.token, owner.region)
    turns = sorted(
        (each * ACCESS_TOKEN_SECONDS + replicas.chance.uniform(0, 0.9 * ACCESS_TOKEN_SECONDS), is_thief)
        for each in range(2, ROUNDS)
        for is_thief in (False, True)
    )
    outcomes = [((thief if is_thief else owner).refresh(now), is_thief) for now, is_thief in turns]
    return [outcome for outcome, is_thief in outcomes if is_thief][-1] in ANSWERED


def in_failover(replicas: Replicas) -> list[Outcome | None]:
    """Return the outcomes of an honest client that moves to the other Region for as long as the home Region is lost."""
    client = Holder(replicas, 0)
    replicas.cut_at = 2 * ACCESS_TOKEN_SECONDS + replicas.chance.uniform(0, ACCESS_TOKEN_SECONDS)
    outcomes = []
    for each in range(1, 2 + 2 * DOWN_SECONDS // ACCESS_TOKEN_SECONDS):
        now = each * ACCESS_TOKEN_SECONDS
        client.region = OTHER if replicas.is_down(HOME, now) else HOME
        outcomes.append(client.refresh(now))
    return outcomes


# What can go wrong for a session, by the name of its count.
MOVING: Acts = {"logged_out": is_logged_out, "revived": is_revived, "thief": has_thief}
FAILOVER: Acts = {
    "logged_out": lambda replicas, _: any(each not in ANSWERED for each in in_failover(replicas) if each),
    "waits": lambda replicas, _: None in in_failover(replicas),
}


def _counted(acts: Acts, sessions: int, lag: float, switch: float, stay_home: bool) -> dict[str, Any]:  # noqa: FBT001
    def replicas(number: int) -> Replicas:
        return Replicas(random.Random(number), lag, stay_home=stay_home)  # noqa: S311 - a simulation, not a secret

    counts = {name: sum(act(replicas(number), switch) for number in range(sessions)) for name, act in acts.items()}
    return {"lag_seconds": lag, "switch": switch, "stay_home": stay_home, **counts}


def _where(row: Mapping[str, Any]) -> tuple[str, str]:
    return "the session's home" if row["stay_home"] else "the nearest Region", f"{row['lag_seconds']} s"

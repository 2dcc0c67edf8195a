"""Two Regions over one global table: what the rotation rule is worth where the last writer wins.

DynamoDB's eventually consistent global tables (MREC) check a write's condition against the replica that it is sent to,
and of two writes of an item the later one wins on both, whole. Here two replicas do that, with the contract's in-memory
store and the product's own rule (`tokens.session.decide`); clients move between them, as latency routing, roaming and
failover make them. Beside it: every request is answered in the Region in which the session began (its home).

Clocks agree, nobody's request is lost, and messages take their time each on its own: reality is not kinder.
"""

import heapq
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from benchmarks.results import write
from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import Outcome, decide
from edge_auth.sessions.session import NEVER_ROTATED_MS, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.stores import MemorySessions, MemoryStore

SESSIONS = 1000  # of each kind, in each row
QUICK_SESSIONS = 50
LAGS_SECONDS = (0, 1, 10, 60)  # the mean: "typically within a second" by AWS's words, and what a backlog makes of it
SWITCHES = (0.01, 0.1, 0.5)  # how likely a request reaches another Region than the one before
GRACE_SECONDS = 10  # the template's default, as are those that follow
IDLE_SECONDS, ABSOLUTE_SECONDS = 14 * 86_400, 30 * 86_400
ACCESS_TOKEN_SECONDS = 900
ROUNDS = 32  # eight hours of refreshes
TABS, TAB_SPREAD_SECONDS, LATENCY_SECONDS = 3, 5, 0.3  # a browser that wakes up: its tabs share one token
STOLEN_EVERY_SECONDS = GRACE_SECONDS + 1  # a stolen phone that rotates as often as the rule allows
DOWN_SECONDS = 3600
HOME, OTHER = 0, 1
ANSWERED = frozenset({Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED})
KEY = ("user", "session")


@dataclass
class Replicas:
    """One session in two replicas. Times are seconds; a replica is HOME or OTHER."""

    chance: random.Random
    lag_seconds: float
    stay_home: bool = False
    tables: tuple[MemorySessions, MemorySessions] = field(init=False)
    _stores: tuple[MemoryStore, MemoryStore] = field(init=False)
    _written: list[float] = field(default_factory=lambda: [-1.0, -1.0])
    _messages: list[tuple[float, int, int, float, Session]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)
    _cut: tuple[float, float] = (float("inf"), float("inf"))

    def __post_init__(self) -> None:
        """Begin with a session that has just reached both."""
        self._stores = (MemoryStore(), MemoryStore())
        self.tables = (MemorySessions(self._stores[HOME]), MemorySessions(self._stores[OTHER]))
        for store in self._stores:
            store.sessions[KEY] = _new_session()

    def cut(self, begin: float) -> None:
        """Let the home Region be out of reach for a while: what it has not sent by then arrives when it is back."""
        self._cut = begin, begin + DOWN_SECONDS

    def is_down(self, region: int, now: float) -> bool:
        """Whether a Region is out of reach."""
        return region == HOME and self._cut[0] <= now < self._cut[1]

    def refresh(self, token: RefreshToken, region: int, now: float) -> Outcome | None:
        """Present a token, as flows.refresh does; None where the Region is out of reach (503)."""
        region = HOME if self.stay_home else region
        if self.is_down(region, now):
            return None
        self._deliver(now)
        now_ms, rotation_id = round(now * 1000), str(next(self._numbers))
        try:
            self.tables[region].rotate(
                token,
                rotation_id=rotation_id,
                now_ms=now_ms,
                grace_seconds=GRACE_SECONDS,
                idle_expires_at_seconds=int(now) + IDLE_SECONDS,
                wanted_scope=(),
                client=UNKNOWN_CLIENT,
            )
        except RotationRefused as refused:
            outcome = decide(
                token, refused.session, rotation_id=rotation_id, now_ms=now_ms, grace_seconds=GRACE_SECONDS
            )
            if outcome is Outcome.REUSED:
                self.end(region, now)
            return outcome
        self._send(region, now)
        return Outcome.ROTATED

    def end(self, region: int, now: float) -> None:
        """End the session, as a logout does."""
        region = HOME if self.stay_home else region
        self._deliver(now)
        try:
            self.tables[region].end(
                *KEY, seed_hash=None, reason="", end_id=str(next(self._numbers)), now_seconds=int(now)
            )
        except AlreadyEnded:
            return
        self._send(region, now)

    def _send(self, region: int, now: float) -> None:
        arrives = now + (self.chance.expovariate(1 / self.lag_seconds) if self.lag_seconds else 0)
        if region == HOME and now < self._cut[0] < arrives:
            arrives += self._cut[1] - self._cut[0]
        self._written[region] = now
        item = self._stores[region].sessions[KEY]
        heapq.heappush(self._messages, (arrives, next(self._numbers), 1 - region, now, item))

    def _deliver(self, now: float) -> None:
        while self._messages and self._messages[0][0] <= now:
            _, _, region, written, item = heapq.heappop(self._messages)
            if written > self._written[region]:  # the last writer wins
                self._written[region] = written
                self._stores[region].sessions[KEY] = item


@dataclass
class Holder:
    """Somebody with a token, in some Region."""

    replicas: Replicas
    switch: float
    token: RefreshToken
    region: int = HOME

    def move(self) -> int:
        """Return the Region that the next request reaches."""
        if self.replicas.chance.random() < self.switch:
            self.region = 1 - self.region
        return self.region

    def refresh(self, now: float) -> Outcome | None:
        """Refresh, and keep the token that comes back."""
        outcome = self.replicas.refresh(self.token, self.move(), now)
        self.token = _next_token(self.token, outcome)
        return outcome


def is_logged_out(replicas: Replicas, switch: float) -> bool:
    """Whether an honest browser with a few tabs is logged out within its hours."""
    browser = Holder(replicas, switch, _first_token())
    for each in range(1, ROUNDS + 1):
        wakes = each * ACCESS_TOKEN_SECONDS
        under_way: list[tuple[float, RefreshToken]] = []
        for now in sorted(wakes + replicas.chance.uniform(0, TAB_SPREAD_SECONDS) for _ in range(TABS)):
            browser.token = next((token for at, token in reversed(under_way) if at <= now), browser.token)
            outcome = replicas.refresh(browser.token, browser.move(), now)
            if outcome not in ANSWERED:
                return True
            under_way.append((now + LATENCY_SECONDS, _next_token(browser.token, outcome)))
        browser.token = under_way[-1][1]
    return False


def is_revived(replicas: Replicas, switch: float) -> bool:
    """Whether a stolen phone's session lives, an hour after its owner ended it from another device."""
    phone = Holder(replicas, switch, _first_token())
    ends = replicas.chance.uniform(300, 600)
    now: float = STOLEN_EVERY_SECONDS
    is_ended = False
    while now < ACCESS_TOKEN_SECONDS:
        if not is_ended and now > ends:
            replicas.end(HOME, ends)
            is_ended = True
        phone.refresh(now)
        now += STOLEN_EVERY_SECONDS
    return any(replicas.refresh(phone.token, region, now + 3600) in ANSWERED for region in (HOME, OTHER))


def has_thief(replicas: Replicas, switch: float) -> bool:
    """Whether somebody who copied a browser's token is still served after hours in which both went on."""
    owner = Holder(replicas, switch, _first_token())
    owner.refresh(ACCESS_TOKEN_SECONDS)
    thief = Holder(replicas, switch, owner.token, owner.region)
    turns = sorted(
        (each * ACCESS_TOKEN_SECONDS + replicas.chance.uniform(0, 0.9 * ACCESS_TOKEN_SECONDS), is_thief)
        for each in range(2, ROUNDS)
        for is_thief in (False, True)
    )
    last: Outcome | None = None
    for now, is_thief in turns:
        outcome = (thief if is_thief else owner).refresh(now)
        last = outcome if is_thief else last
    return last in ANSWERED


def in_failover(replicas: Replicas) -> tuple[bool, bool]:
    """Whether the loss of the home Region logs an honest client out, and whether it has to wait for its return."""
    client = Holder(replicas, 0, _first_token())
    replicas.cut(2 * ACCESS_TOKEN_SECONDS + replicas.chance.uniform(0, ACCESS_TOKEN_SECONDS))
    outcomes = []
    for each in range(1, 2 + 2 * DOWN_SECONDS // ACCESS_TOKEN_SECONDS):
        now = each * ACCESS_TOKEN_SECONDS
        client.region = OTHER if replicas.is_down(HOME, now) else HOME
        outcomes.append(client.refresh(now))
    return any(outcome not in ANSWERED for outcome in outcomes if outcome), None in outcomes


def measure(*, quick: bool = False) -> dict[str, Any]:
    """Return how many of so many sessions went wrong: while both Regions are up, and when one is lost."""
    sessions = QUICK_SESSIONS if quick else SESSIONS
    worst = LAGS_SECONDS[-1], SWITCHES[-1]
    return {
        "sessions": sessions,
        "moving": [_moving(sessions, lag, switch) for lag in LAGS_SECONDS for switch in SWITCHES]
        + [_moving(sessions, *worst, stay_home=True)],
        "failover": [_failover(sessions, lag) for lag in LAGS_SECONDS]
        + [_failover(sessions, LAGS_SECONDS[-1], stay_home=True)],
    }


def table(figures: dict[str, Any]) -> str:
    """Make Markdown of the figures: both tables."""
    return f"{moving_table(figures)}\n\n{failover_table(figures)}"


def moving_table(figures: dict[str, Any]) -> str:
    """Say what went wrong while both Regions were up."""
    rows = [
        (
            _where(row),
            f"{row['lag_seconds']} s",
            f"{row['switch']:.0%}",
            row["logged_out"],
            row["revived"],
            row["thief"],
        )
        for row in figures["moving"]
    ]
    return _markdown(("answered in", "lag, mean", "moves", "logged out", "revived", "thief stays"), rows)


def failover_table(figures: dict[str, Any]) -> str:
    """Say what went wrong when one of them was lost."""
    rows = [(_where(row), f"{row['lag_seconds']} s", row["logged_out"], row["waits"]) for row in figures["failover"]]
    return _markdown(("answered in", "lag, mean", "logged out", "waits"), rows)


def _moving(sessions: int, lag: float, switch: float, *, stay_home: bool = False) -> dict[str, Any]:
    acts = {"logged_out": is_logged_out, "revived": is_revived, "thief": has_thief}
    counts = {
        name: sum(act(_replicas(number, lag, stay_home=stay_home), switch) for number in range(sessions))
        for name, act in acts.items()
    }
    return {"lag_seconds": lag, "switch": switch, "stay_home": stay_home, **counts}


def _failover(sessions: int, lag: float, *, stay_home: bool = False) -> dict[str, Any]:
    ends = [in_failover(_replicas(number, lag, stay_home=stay_home)) for number in range(sessions)]
    counts = {"logged_out": sum(is_out for is_out, _ in ends), "waits": sum(waits for _, waits in ends)}
    return {"lag_seconds": lag, "stay_home": stay_home, **counts}


def _replicas(number: int, lag: float, *, stay_home: bool) -> Replicas:
    return Replicas(random.Random(number), lag, stay_home)  # noqa: S311 - a simulation, not a secret


def _where(row: dict[str, Any]) -> str:
    return "the session's home" if row["stay_home"] else "the nearest Region"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def _first_token() -> RefreshToken:
    return RefreshToken(*KEY, generation=0, seed=b"seed")


def _next_token(token: RefreshToken, outcome: Outcome | None) -> RefreshToken:
    return token.successor() if outcome in (Outcome.ROTATED, Outcome.CONVERGED) else token


def _new_session() -> Session:
    return Session(
        *KEY,
        seed_hash=_first_token().seed_hash,
        generation=0,
        rotated_at_ms=NEVER_ROTATED_MS,
        rotation_id="",
        created_at_ms=0,
        auth_time_seconds=0,
        idle_expires_at_seconds=IDLE_SECONDS,
        absolute_expires_at_seconds=ABSOLUTE_SECONDS,
        client_id="",
    )


if __name__ == "__main__":
    result = measure()
    print(table(result), write("two_regions", result), sep="\n")

"""Two Regions over one global table: how well the rotation rule holds where the last writer wins.

Clients move between the Regions, because of latency routing, roaming and failover. For comparison, each request is
also answered in the Region in which the session began (its home).

In this simulation the clocks agree, no request is lost, and each message has its own delay. A real deployment has
more faults.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.costs.replicas import DOWN_SECONDS, FIRST_TOKEN, GRACE_SECONDS, HOME, OTHER, Replicas
from benchmarks.frame.markdown import markdown
from benchmarks.frame.results import Figures
from edge_auth.sessions.rotation_rule import Outcome
from edge_auth.tokens.refresh_token import RefreshToken

SESSIONS, QUICK_SESSIONS = 1000, 50  # of each kind, in each row
LAGS_SECONDS = (0, 1, 10, 60)  # the mean: "typically within a second" according to AWS, and longer with a backlog
SWITCHES = (0.01, 0.1, 0.5)  # the probability that a request reaches the other Region than the last one
ACCESS_TOKEN_SECONDS = 900  # the template's default
ROUNDS = 32  # eight hours of refreshes
TABS, TAB_SPREAD_SECONDS, LATENCY_SECONDS = 3, 5, 0.3  # a browser that wakes up: its tabs share one token
STOLEN_EVERY_SECONDS = GRACE_SECONDS + 1  # a stolen phone that rotates as often as the rule allows
ANSWERED = frozenset({Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED})


def measure(*, quick: bool) -> Figures:
    """Return how many of the simulated sessions went wrong: while both Regions are up, and when one is lost."""
    sessions = QUICK_SESSIONS if quick else SESSIONS
    lag, switch = LAGS_SECONDS[-1], SWITCHES[-1]
    moving = [_moving(sessions, lag, switch) for lag in LAGS_SECONDS for switch in SWITCHES]
    failover = [_failover(sessions, lag) for lag in LAGS_SECONDS]
    return {
        "sessions": sessions,
        "moving": [*moving, _moving(sessions, lag, switch, stay_home=True)],
        "failover": [*failover, _failover(sessions, lag, stay_home=True)],
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
        self.token = _next_token(self.token, outcome)
        return outcome


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
            under_way.append((now + LATENCY_SECONDS, _next_token(browser.token, outcome)))
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


def in_failover(replicas: Replicas) -> tuple[bool, bool]:
    """Return whether the loss of the home Region logs an honest client out, and whether the client has to wait."""
    client = Holder(replicas, 0)
    replicas.cut(2 * ACCESS_TOKEN_SECONDS + replicas.chance.uniform(0, ACCESS_TOKEN_SECONDS))
    outcomes = []
    for each in range(1, 2 + 2 * DOWN_SECONDS // ACCESS_TOKEN_SECONDS):
        now = each * ACCESS_TOKEN_SECONDS
        client.region = OTHER if replicas.is_down(HOME, now) else HOME
        outcomes.append(client.refresh(now))
    return any(outcome not in ANSWERED for outcome in outcomes if outcome), None in outcomes


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
    return Replicas(random.Random(number), lag, stay_home=stay_home)  # noqa: S311 - a simulation, not a secret


def _where(row: Mapping[str, Any]) -> tuple[str, str]:
    return "the session's home" if row["stay_home"] else "the nearest Region", f"{row['lag_seconds']} s"


def _next_token(token: RefreshToken, outcome: Outcome | None) -> RefreshToken:
    return token.successor() if outcome in (Outcome.ROTATED, Outcome.CONVERGED) else token

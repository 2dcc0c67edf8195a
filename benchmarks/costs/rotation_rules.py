"""Rotation rules compared: how often they log an honest user out, and when they notice a thief.

Our own rule is the real one (`sessions.rotation_rule.decide`), with the tests' in-memory store. The others are models
of the published rules, not of the servers: SuperTokens core 12.1, Supabase Auth since its pull request 2216, OpenAuth
0.4.3. Their clients may lock across tabs, and this browser does not.

A user comes back about 14 times a day for 30 days. An answer is lost with some probability after the server has
written. Half of the clients then try again after five seconds, and the others when the user comes back. Once a day a
browser is restored: its tabs ask within three seconds, with one shared store, in which the answer that arrives last
stays.
"""

import heapq
import random
from collections.abc import Callable
from itertools import count
from typing import Protocol

from benchmarks.frame.results import Figures, markdown
from benchmarks.requests.deployment import IDLE_SECONDS, new_session
from edge_auth.flows.ports.sessions import RotationRefused
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import ANSWERED, Outcome, RotationLimits, decide
from edge_auth.sessions.session import Rotation, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.stores import MemorySessions, MemoryStore

SESSIONS, QUICK_SESSIONS = 400, 5  # of each kind, for each rule
LOST = (0.001, 0.01, 0.05)
TABS = (2, 8)
LOST_WITH_TABS = 0.01

DAYS, DAY_SECONDS = 30, 86_400
ACCESS_TOKEN_SECONDS, MEAN_PAUSE_SECONDS = 900, 5_220  # the user comes back after both: 14 times a day
RETRY_SECONDS, AT_ONCE = 5, 0.5  # this share of the clients tries again after so long
RESTORED_WITHIN_SECONDS = 3
LATENCY_SECONDS = (0.02, 1.5)  # each way
TURNS = 1000  # an alternating thief who is not found out by then never is

OURS = "**edge-auth**"
GRACE_SECONDS, LATE_RETRY_HOURS = 30, 336  # the template's defaults
# The windows of the others, in seconds: their defaults.
SUPERTOKENS_SECONDS, SUPABASE_SECONDS, OPENAUTH_SECONDS = 30, 10, 60

KEY = ("user", "session")
ASK, SERVE, ARRIVE = "ask", "serve", "arrive"


class Rule(Protocol):
    """A server with one session. Tokens are numbers; the first is 0. Times are seconds."""

    def present(self, token: int, now: float) -> int | None:
        """Return the token to use next, or None if the session is dead from now on."""


class EdgeAuth:
    """Our rule, with these limits."""

    def __init__(self, grace_seconds: int, late_retry_seconds: int) -> None:
        """Open the session."""
        self._limits = RotationLimits(grace_seconds, late_retry_seconds, late_retry_elsewhere=True)
        self._first = RefreshToken(*KEY, generation=0, seed=b"seed")
        never = DAYS * DAY_SECONDS * 2
        session = new_session(self._first, 0)._replace(absolute_expires_at_seconds=never)
        self._sessions = MemorySessions(MemoryStore(sessions={KEY: session}))
        self._numbers = count()
        self._is_dead = False

    def present(self, token: int, now: float) -> int | None:
        """Do what a refresh does."""
        if self._is_dead:
            return None
        presented, now_ms = self._first.of_generation(token), round(now * 1000)
        rotation = Rotation(str(next(self._numbers)), now_ms, now_ms // 1000 + IDLE_SECONDS, UNKNOWN_CLIENT)
        grace = self._limits.grace_seconds
        try:
            return self._sessions.rotate(presented, rotation, grace_seconds=grace, wanted_scope=()).generation
        except RotationRefused as refused:
            found = refused.found
        outcome = decide(
            presented,
            found,
            client=UNKNOWN_CLIENT,
            rotation_id=rotation.rotation_id,
            now_ms=now_ms,
            limits=self._limits,
        )
        if not isinstance(found, Session) or outcome not in ANSWERED:
            self._is_dead = True
            return None
        if outcome is Outcome.RETRIED_LATE:
            found = self._sessions.retry_late(found, rotation)
        return found.generation


class Strict:
    """Each token works once."""

    def __init__(self) -> None:
        """Open the session."""
        self._current = 0

    def present(self, token: int, now: float) -> int | None:  # noqa: ARG002 - the others need the time
        """Rotate the current token."""
        self._current = self._current + 1 if token == self._current >= 0 else -1
        return self._current if self._current >= 0 else None


class SuperTokens:
    """The parent of the current token gets another child for 30 seconds, and the first child is dead then."""

    def __init__(self) -> None:
        """Open the session."""
        self._current, self._parent = 0, -1
        self._rotated_at = 0.0
        self._numbers = count(1)

    def present(self, token: int, now: float) -> int | None:
        """Make a child of the current token or of its parent."""
        if token == self._current:
            self._parent, self._rotated_at = token, now
        elif token != self._parent or now > self._rotated_at + SUPERTOKENS_SECONDS:
            self._current = self._parent = -1
            return None
        self._current = next(self._numbers)
        return self._current


class Supabase:
    """The token before the current one is always good, and any older one for ten seconds. Both get the current one."""

    def __init__(self) -> None:
        """Open the session."""
        self._counter, self._refreshed_at = 0, 0.0

    def present(self, token: int, now: float) -> int | None:
        """Rotate the current token, or return it."""
        if self._counter < 0 or (token < self._counter - 1 and now - self._refreshed_at >= SUPABASE_SECONDS):
            self._counter = -1
            return None
        self._counter += token == self._counter
        self._refreshed_at = now
        return self._counter


class OpenAuth:
    """Each used token gets its own successor again for 60 seconds after its first use."""

    def __init__(self) -> None:
        """Open the session."""
        self._used_at: dict[int, float] = {}
        self._is_dead = False

    def present(self, token: int, now: float) -> int | None:
        """Return the successor of the token."""
        if self._is_dead or now > self._used_at.setdefault(token, now) + OPENAUTH_SECONDS:
            self._is_dead = True
            return None
        return token + 1


RULES: dict[str, Callable[[], Rule]] = {
    "strict rotation": Strict,
    "SuperTokens": SuperTokens,
    "Supabase": Supabase,
    "OpenAuth": OpenAuth,
    "edge-auth, first rule (W = 10 s)": lambda: EdgeAuth(10, 0),
    OURS: lambda: EdgeAuth(GRACE_SECONDS, LATE_RETRY_HOURS * 3600),
}


def measure(*, quick: bool) -> Figures:
    """Return the share of sessions that each rule ends without a reason, and how soon it notices a thief."""
    sessions = QUICK_SESSIONS if quick else SESSIONS
    kinds = [(1, lost) for lost in LOST] + [(tabs, LOST_WITH_TABS) for tabs in TABS]
    return {
        "sessions": sessions,
        "rules": [
            {
                "rule": name,
                "logged_out": [
                    {"tabs": tabs, "lost": lost, "share": _share(rule, sessions, tabs, lost)} for tabs, lost in kinds
                ],
                "thief_of_the_newest": turns_of_a_thief(rule()),
                "thief_of_the_previous": turns_of_a_thief(rule(), steals_previous=True),
            }
            for name, rule in RULES.items()
        ],
    }


def table(figures: Figures) -> str:
    """Return the table of all rules."""
    names = [
        f"{each['tabs']} tabs, {each['lost']:.0%}" for each in figures["rules"][0]["logged_out"] if each["tabs"] > 1
    ]
    head = ("rule", *(f"{lost:.1%} lost" for lost in LOST), *names, "thief of the newest", "of the previous")
    rows = [
        (
            row["rule"],
            *(f"{each['share']:.0%}" for each in row["logged_out"]),
            *(_nth(row[thief]) for thief in ("thief_of_the_newest", "thief_of_the_previous")),
        )
        for row in figures["rules"]
    ]
    return markdown(head, rows)


def _nth(turn: int | None) -> str:
    return "never" if turn is None else f"refresh {turn}"


def _share(rule: Callable[[], Rule], sessions: int, tabs: int, lost: float) -> float:
    chances = (random.Random(number) for number in range(sessions))  # noqa: S311 - a simulation, not a secret
    return sum(is_logged_out(rule(), chance, tabs, lost) for chance in chances) / sessions


def turns_of_a_thief(rule: Rule, *, steals_previous: bool = False) -> int | None:
    """Return at which refresh after the theft the session is ended, if owner and thief take turns, or None for never.

    The owner comes first, or the thief who has the previous token. All pauses are longer than any window.
    """
    clock = count(ACCESS_TOKEN_SECONDS, ACCESS_TOKEN_SECONDS)
    tokens: list[int | None] = [0, 0]
    if steals_previous:
        tokens[0] = rule.present(0, next(clock))
    for turn in range(1, TURNS + 1):
        holder = (turn + steals_previous + 1) % 2
        token = tokens[holder]
        tokens[holder] = rule.present(token, next(clock)) if token is not None else None
        if tokens[holder] is None:
            return turn
    return None


def is_logged_out(rule: Rule, chance: random.Random, tabs: int, lost: float) -> bool:
    """Return whether an honest user is logged out within 30 days."""
    numbers, stored, restored_on = count(), 0, -1
    events: list[tuple[float, int, str, int]] = []

    def at(when: float, what: str, token: int = 0) -> None:
        heapq.heappush(events, (when, next(numbers), what, token))

    comes_back = 0.0
    while comes_back < DAYS * DAY_SECONDS:
        comes_back += ACCESS_TOKEN_SECONDS + chance.expovariate(1 / MEAN_PAUSE_SECONDS)
        is_first, restored_on = int(comes_back // DAY_SECONDS) > restored_on, int(comes_back // DAY_SECONDS)
        at(comes_back, ASK)
        for _ in range(tabs - 1 if is_first else 0):
            at(comes_back + chance.uniform(0, RESTORED_WITHIN_SECONDS), ASK)
    while events:
        now, _, what, token = heapq.heappop(events)
        if what == ASK:
            at(now + chance.uniform(*LATENCY_SECONDS), SERVE, stored)
        elif what == ARRIVE:
            stored = token
        elif (answer := rule.present(token, now)) is None:
            return True
        elif chance.random() >= lost:
            at(now + chance.uniform(*LATENCY_SECONDS), ARRIVE, answer)
        elif chance.random() < AT_ONCE:
            at(now + RETRY_SECONDS, ASK)
    return False

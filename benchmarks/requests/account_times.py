"""The times of requests for a mail to set another password: they must not reveal whether an account exists (SM3).

Names of four kinds ask in turn, as in `login_times`: of a user who gets a mail, of nobody, of a disabled user, and of a
user whose address is not confirmed. The options of passkeys are not compared: what asks for them has no name.
"""

from collections import deque
from collections.abc import Mapping
from itertools import product
from typing import Any

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import p_value, summary
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import running
from benchmarks.starts.calls import ACCEPTED, MAIL
from edge_auth.accounts.identity import DISABLED

ROUNDS, QUICK_ROUNDS = 500, 20
WARM_UP = 20
KNOWN, UNKNOWN = "a name with a confirmed address", "no such name"
CONFIRMED = {"email_verified_at_seconds": 1}
# The members of each kind's users, who all have an address. Of the name that does not exist there are none.
KINDS: Mapping[str, Mapping[str, Any] | None] = {
    KNOWN: CONFIRMED,
    UNKNOWN: None,
    "a disabled user": {**CONFIRMED, "status": DISABLED},
    "an address that is not confirmed": {},
}


def measure(*, quick: bool) -> Figures:
    """Return the milliseconds of each kind of name, and the rank test. Raises MissingTool: there is no engine."""
    with running_engine() as engine, deployed(engine.endpoint) as deployment:
        times = asked(deployment, WARM_UP + (QUICK_ROUNDS if quick else ROUNDS))
    return {
        name: {**summary(values[WARM_UP:]), "p_value": p_value(times[KNOWN][WARM_UP:], values[WARM_UP:])}
        for name, values in times.items()
    }


def asked(deployment: Deployment, rounds: int) -> dict[str, list[float]]:
    """Return the milliseconds of each kind of name. Each name asks once, and each request has its own source."""
    prefixes = {kind: f"user-{place}" for place, kind in enumerate(KINDS)}  # of the same length
    for number, (kind, members) in product(range(rounds), KINDS.items()):
        if members is not None:
            name = _username(prefixes[kind], number)
            deployment.add_user(name, email=f"{name}@mail.example", **members)
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    order = deque(KINDS)
    with running(deployment) as functions:
        reset = functions.start("reset", MAIL)
        for number in range(rounds):
            for name in order:
                reset(events.reset(_username(prefixes[name], number)), ACCEPTED)
                times[name].append(reset.milliseconds)
            order.rotate()
    return times


def table(figures: Figures) -> str:
    """Return the medians, their spread and the result of the rank test."""
    reference = figures[KNOWN]["median"]
    rows = []
    for name, row in figures.items():
        spread, gap = f"{row['p5']:.1f} to {row['p95']:.1f}", f"{row['median'] / reference - 1:+.1%}"
        rows.append((name, f"{row['median']:.1f}", spread, gap, f"{row['p_value']:.2f}"))
    return markdown(("a reset asked for", "median ms", "p5 to p95", "gap", "p (Mann-Whitney)"), rows)


def _username(prefix: str, number: int) -> str:
    return f"{prefix}-{number:06}"

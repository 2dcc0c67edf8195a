"""The times of requests for a mail to set another password: they must not reveal whether an account exists (SM3).

A known name, an unknown one, and those of users who are disabled or not confirmed ask in turn, as in `login_times`. The
options of passkeys are not compared: what asks for them has no name.
"""

from collections import deque

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import p_value, summary
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import running
from benchmarks.starts.calls import ACCEPTED, MAIL
from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED

PAIRS, QUICK_PAIRS = 500, 20
WARM_UP = 20
KNOWN, UNKNOWN = "a name with a confirmed address", "no such name"
DISABLED_NAME, UNCONFIRMED_NAME = "a disabled user", "a registration that is not confirmed"


def measure(*, quick: bool) -> Figures:
    """Return the milliseconds of each kind of name, and the rank test. Raises MissingTool: there is no engine."""
    with running_engine() as engine, deployed(engine.endpoint) as deployment:
        times = asked(deployment, WARM_UP + (QUICK_PAIRS if quick else PAIRS))
    return {
        name: {**summary(values[WARM_UP:]), "p_value": p_value(times[KNOWN][WARM_UP:], values[WARM_UP:])}
        for name, values in times.items()
    }


def asked(deployment: Deployment, pairs: int) -> dict[str, list[float]]:
    """Return the milliseconds of each kind of name. Each name asks once, and each request has its own source."""
    prefixes = {KNOWN: "known", UNKNOWN: "other", DISABLED_NAME: "ended", UNCONFIRMED_NAME: "fresh"}  # of equal length
    users = {KNOWN: (ACTIVE, 1), DISABLED_NAME: (DISABLED, 1), UNCONFIRMED_NAME: (UNCONFIRMED, 0)}
    for number in range(pairs):
        for name, (status, verified_at_seconds) in users.items():
            username = _username(prefixes[name], number)
            address = f"{username}@mail.example"
            deployment.add_user(username, status=status, email=address, email_verified_at_seconds=verified_at_seconds)
    times: dict[str, list[float]] = {name: [] for name in prefixes}
    order = deque(prefixes)
    with running(deployment) as functions:
        reset = functions.start("reset", MAIL)
        for number in range(pairs):
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

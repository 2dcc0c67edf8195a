"""The times of refused logins, which must not reveal whether an account exists (P8).

The logins of four kinds of users are refused in turn: a wrong password, a user that does not exist, a disabled user,
and a user with a damaged hash. Each round begins with another kind. So other load on the machine affects all kinds
alike. The function is the real one, and its tables are in a process of their own: tables in the same process take half
a millisecond to find an item, which DynamoDB does elsewhere.
"""

from collections import deque
from collections.abc import Mapping
from itertools import product

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import p_value, summary
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.events import UNAUTHORIZED
from benchmarks.requests.functions import running
from edge_auth.accounts.identity import DISABLED
from tests.support.people import WRONG_PASSWORD

ROUNDS, QUICK_ROUNDS = 500, 20
WARM_UP = 20
# The members of each kind's users. Of the user that does not exist there are none.
KINDS: Mapping[str, Mapping[str, str] | None] = {
    "wrong password": {},
    "no such user": None,
    "disabled user": {"status": DISABLED},
    "damaged hash": {"password_hash": "damaged"},
}


def measure(*, quick: bool) -> Figures:
    """Refuse logins of each kind. Return milliseconds, and the rank test of each kind against the first.

    Raises MissingTool: this machine has no engine.
    """
    with running_engine() as engine, deployed(engine.endpoint) as deployment:
        measured = refused(deployment, WARM_UP + (QUICK_ROUNDS if quick else ROUNDS))
    reference = next(iter(measured.values()))
    return {kind: {**summary(values), "p_value": p_value(reference, values)} for kind, values in measured.items()}


def refused(
    deployment: Deployment,
    rounds: int,
    kinds: Mapping[str, Mapping[str, str] | None] = KINDS,
    parameters: Mapping[str, str] | None = None,
) -> dict[str, list[float]]:
    """Return the milliseconds of each kind, without those of the first rounds, which warm up."""
    names = {kind: f"user-{place}" for place, kind in enumerate(kinds)}
    for number, (kind, members) in product(range(rounds), kinds.items()):
        if members is not None:
            deployment.add_user(_username(names[kind], number), **members)
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    order = deque(kinds)
    with running(deployment) as functions:
        login = functions.start("login", parameters)
        for number in range(rounds):
            for kind in order:
                login(events.login(_username(names[kind], number), WRONG_PASSWORD), UNAUTHORIZED)
                times[kind].append(login.milliseconds)
            order.rotate()
    return {kind: values[WARM_UP:] for kind, values in times.items()}


def table(figures: Figures) -> str:
    """Return the medians, their spread and the result of the rank test."""
    reference = next(iter(figures.values()))["median"]
    rows = []
    for kind, row in figures.items():
        spread, gap = f"{row['p5']:.1f} to {row['p95']:.1f}", f"{row['median'] / reference - 1:+.1%}"
        rows.append((kind, f"{row['median']:.1f}", spread, gap, f"{row['p_value']:.2f}"))
    return markdown(("refused login", "median ms", "p5 to p95", "gap", "p (Mann-Whitney)"), rows)


def _username(name: str, number: int) -> str:
    # Each account has one attempt, so no account is throttled. All names have the same length.
    return f"{name}-{number:06}"

"""The times of refused logins, which must not reveal whether an account exists (P8).

The logins of four kinds of users are refused in turn: a wrong password, a user that does not exist, a disabled user,
and a user with a damaged hash. Each round begins with another kind. So other load on the machine affects all kinds
alike. The function is the real one, and its tables are in a process of their own: tables in the same process take half
a millisecond to find an item, which DynamoDB does elsewhere.

After too many attempts a login has to wait, and no password is hashed for it. So a user and a user that does not exist,
who both have to wait, are a pair of their own. Their rounds are apart from the others, because a call after a hash
takes longer: this way each of the two comes as often after itself as after the other.
"""

from collections import deque
from collections.abc import Mapping
from itertools import product

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import p_value, summary
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.engine import running_engine
from benchmarks.requests.events import TOO_MANY, UNAUTHORIZED
from benchmarks.requests.functions import running
from benchmarks.requests.waits import let_wait
from edge_auth.accounts.identity import DISABLED
from tests.support.people import WRONG_PASSWORD

ROUNDS, QUICK_ROUNDS = 500, 20
WARM_UP = 20
MOST_GAP, LEAST_P = 0.02, 0.01
Kinds = Mapping[str, Mapping[str, str] | None]
# The members of each kind's users. Of the user that does not exist there are none.
KINDS: Kinds = {
    "wrong password": {},
    "no such user": None,
    "disabled user": {"status": DISABLED},
    "damaged hash": {"password_hash": "damaged"},
}
WAITING: Kinds = {"waits, a user": {}, "waits, no such user": None}


def measure(*, quick: bool) -> Figures:
    """Refuse logins of each kind. Return milliseconds, and how each kind compares with the first of its own.

    Raises MissingTool: this machine has no engine.
    """
    rounds = WARM_UP + (QUICK_ROUNDS if quick else ROUNDS)
    with running_engine() as engine:
        with deployed(engine.endpoint) as deployment:
            checked = refused(deployment, rounds, KINDS)
        with deployed(engine.endpoint) as deployment:
            waiting = refused(deployment, rounds, WAITING, status=TOO_MANY)
    return {**compared(checked), **compared(waiting)}


def refused(
    deployment: Deployment,
    rounds: int,
    kinds: Kinds,
    parameters: Mapping[str, str] | None = None,
    *,
    status: int = UNAUTHORIZED,
) -> dict[str, list[float]]:
    """Return the milliseconds of each kind, without those of the first rounds, which warm up.

    Where the status is TOO_MANY, every attempt has to wait. Raises RuntimeError: an answer has another status.
    """
    names = {kind: f"user-{place}" for place, kind in enumerate(kinds)}
    for number, (kind, members) in product(range(rounds), kinds.items()):
        if members is not None:
            deployment.add_user(_username(names[kind], number), **members)
    if status == TOO_MANY:
        let_wait(deployment, [_username(name, number) for name, number in product(names.values(), range(rounds))])
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    order = deque(kinds)
    with running(deployment) as functions:
        login = functions.start("login", parameters)
        for number in range(rounds):
            for kind in order:
                login(events.login(_username(names[kind], number), WRONG_PASSWORD), status)
                times[kind].append(login.milliseconds)
            order.rotate()
    return {kind: values[WARM_UP:] for kind, values in times.items()}


def compared(times: Mapping[str, list[float]]) -> Figures:
    """Return the summary of each kind, and its rank test against the first."""
    reference = next(iter(times.values()))
    return {kind: {**summary(values), "p_value": p_value(reference, values)} for kind, values in times.items()}


def table(figures: Figures) -> str:
    """Return the medians, their gaps to the first of the same group, the rank tests, and whether they hide the user."""
    rows, held = [], True
    for kind, row in figures.items():
        reference = next(iter(WAITING if kind in WAITING else figures))
        gap = row["median"] / figures[reference]["median"] - 1
        held = held and abs(gap) < MOST_GAP and row["p_value"] > LEAST_P
        spread = f"{row['p5']:.1f} to {row['p95']:.1f}"
        rows.append((kind, f"{row['median']:.1f}", spread, f"{gap:+.1%}", f"{row['p_value']:.2f}"))
    pairs = min(row["count"] for row in figures.values())
    return f"""\
{markdown(("refused login", "median ms", "p5 to p95", "gap", "p (Mann-Whitney)"), rows)}

{pairs} of each. Budget: a gap below {MOST_GAP * 100:g} % and p above {LEAST_P:g}, {"held" if held else "not held"}."""


def _username(name: str, number: int) -> str:
    # Each name has one attempt, so none is throttled by an earlier one. All names have the same length.
    return f"{name}-{number:06}"

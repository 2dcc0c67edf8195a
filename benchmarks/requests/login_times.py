"""The times of refused logins, which must not reveal whether an account exists (P8).

The logins of four kinds of users are refused in turn: a wrong password, a user that does not exist, a disabled user,
and a user with a damaged hash. So other load on the machine affects all kinds alike. The function is the real one, on
tables in memory (moto).
"""

from collections.abc import Mapping
from itertools import product

from moto import mock_aws

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import p_value, summary
from benchmarks.requests import events
from benchmarks.requests.deployment import deployed
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
    """Refuse logins of each kind. Return milliseconds, and the rank test of each kind against the first."""
    numbers = range(WARM_UP + (QUICK_ROUNDS if quick else ROUNDS))
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with mock_aws(), deployed(None) as deployment, running(deployment) as functions:
        for number, (kind, members) in product(numbers, KINDS.items()):
            if members is not None:
                deployment.add_user(_username(kind, number), **members)
        login = functions.start("login")
        for number, kind in product(numbers, KINDS):
            login(events.login(_username(kind, number), WRONG_PASSWORD), UNAUTHORIZED)
            times[kind].append(login.milliseconds)
    measured = {kind: values[WARM_UP:] for kind, values in times.items()}
    reference = next(iter(measured.values()))
    return {kind: {**summary(values), "p_value": p_value(reference, values)} for kind, values in measured.items()}


def table(figures: Figures) -> str:
    """Return the medians, their spread and the result of the rank test."""
    reference = next(iter(figures.values()))["median"]
    rows = []
    for kind, row in figures.items():
        spread, gap = f"{row['p5']:.1f} to {row['p95']:.1f}", f"{row['median'] / reference - 1:+.1%}"
        rows.append((kind, f"{row['median']:.1f}", spread, gap, f"{row['p_value']:.2f}"))
    return markdown(("refused login", "median ms", "p5 to p95", "gap", "p (Mann-Whitney)"), rows)


def _username(kind: str, number: int) -> str:
    # Each account has one attempt, so no account is throttled. All names have the same length.
    return f"user-{list(KINDS).index(kind)}-{number:06}"

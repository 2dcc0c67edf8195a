"""The times of refused logins, which must not reveal whether an account exists (P8).

The logins of four kinds of users are refused in turn: a wrong password, a user that does not exist, a disabled user,
and a user with a damaged hash. So other load on the machine affects all kinds alike. The function is the real one, on
tables in memory (moto).
"""

import statistics
import time

from moto import mock_aws

from benchmarks.frame.markdown import markdown
from benchmarks.frame.ranks import p_value
from benchmarks.frame.results import Figures
from benchmarks.frame.samples import summary
from benchmarks.requests import events
from benchmarks.requests.deployment import Deployment, deployed
from benchmarks.requests.events import UNAUTHORIZED, succeeded
from benchmarks.requests.functions import Function, running
from edge_auth.accounts.identity import DISABLED
from tests.support.people import WRONG_PASSWORD

ROUNDS, QUICK_ROUNDS = 500, 20
WARM_UP = 20
KINDS = ("wrong password", "no such user", "disabled user", "damaged hash")


def measure(*, quick: bool) -> Figures:
    """Refuse logins of each kind. Return milliseconds, and the rank test of each kind against the first."""
    rounds = WARM_UP + (QUICK_ROUNDS if quick else ROUNDS)
    with mock_aws(), deployed(None) as deployment, running(deployment) as functions:
        _add_users(deployment, rounds)
        times = _measured(functions.start("login"), rounds)
    reference = times[KINDS[0]]
    return {
        kind: {
            **summary(values),
            "gap": statistics.median(values) / statistics.median(reference) - 1,
            "p_value": p_value(reference, values),
        }
        for kind, values in times.items()
    }


def table(figures: Figures) -> str:
    """Return the medians, their spread and the result of the rank test."""
    rows = [
        (
            kind,
            f"{row['median']:.1f}",
            f"{row['p5']:.1f} to {row['p95']:.1f}",
            f"{row['gap']:+.1%}",
            f"{row['p_value']:.2f}",
        )
        for kind, row in figures.items()
    ]
    return markdown(("refused login", "median ms", "p5 to p95", "gap", "p (Mann-Whitney)"), rows)


def _add_users(deployment: Deployment, rounds: int) -> None:
    for number in range(rounds):
        deployment.add_user(_username("wrong password", number))
        deployment.add_user(_username("disabled user", number), status=DISABLED)
        deployment.add_user(_username("damaged hash", number), password_hash="damaged")


def _measured(login: Function, rounds: int) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number in range(rounds):
        for kind in KINDS:
            event = events.login(_username(kind, number), WRONG_PASSWORD)
            begin = time.perf_counter()
            answer = login(event)
            end = time.perf_counter()
            succeeded(answer, UNAUTHORIZED)
            if number >= WARM_UP:
                times[kind].append((end - begin) * 1000)
    return times


def _username(kind: str, number: int) -> str:
    # Each account has one attempt, so no account is throttled. All names have the same length.
    return f"user-{KINDS.index(kind)}-{number:06}"

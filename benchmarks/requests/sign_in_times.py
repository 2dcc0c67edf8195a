"""What the code of an app adds to a login, and how long a passkey takes beside a password.

Two ways to sign in take turns, and who begins changes, so that other load on the machine affects both alike. Each user
signs in once. The functions are the real ones, and their tables are in a process of their own, as in `login_times`.

The code costs processor time of the process, with all its threads. The check of the password costs far more than that
of the code, and is the same with and without one: so it is left out, and its outcome remembered. The passkey is
compared by the clock with a login that computes the hash of a deployment. Its two requests count together.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from os import urandom
from unittest.mock import patch

from benchmarks.frame.results import Figures, markdown
from benchmarks.frame.samples import compared, gap, in_turn, summary
from benchmarks.requests import events
from benchmarks.requests.deployment import SEALING_KEY, Deployment, deployed, new_identity
from benchmarks.requests.engine import running_engine
from benchmarks.requests.functions import running
from benchmarks.requests.passkey import PARAMETERS, SoftwarePasskey
from benchmarks.starts.calls import FACTORS
from edge_auth.credentials import passwords
from edge_auth.flows.factors.factor_check import FactorCheck
from edge_auth.flows.ports.factors import FactorUse, Presented
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support.argon2 import RememberedArgon2id
from tests.support.fakes.factors import FixedSealingKeys, MemoryFactors
from tests.support.fakes.stores import MemoryStore
from tests.support.second_factor import app_of, shown_by_app

PAIRS, QUICK_PAIRS = 1000, 20  # of logins with and without a code
PASSKEY_PAIRS = 500
WARM_UP = 20
CHECKS = 200  # batches of the check of a code

ALONE, WITH_CODE, CHECK = "password", "password and code, in one call", "the check of the code alone"
PASSWORD, PASSKEY = "password", "passkey: options and sign-in"
MOST_MORE_MS, MOST_OF_PASSWORD = 0.1, 1 / 3  # what a code may add, and the share of a password's time for a passkey


def measure(*, quick: bool) -> Figures:
    """Return `engine`, `code` (CPU milliseconds, and what a code adds) and `passkey` (milliseconds, and ratios).

    Raises MissingTool: there is no engine.
    """
    with running_engine() as engine, deployed(engine.endpoint) as deployment:
        codes = with_and_without_code(deployment, WARM_UP + (QUICK_PAIRS if quick else PAIRS))
        passkeys = by_passkey_and_password(deployment, WARM_UP + (QUICK_PAIRS if quick else PASSKEY_PAIRS))
    alone, with_code = (values[WARM_UP:] for values in codes.values())
    checks = in_turn({CHECK: code_check()}, rounds=CHECKS)[CHECK]
    return {
        "engine": engine.name,
        "code": {
            ALONE: summary(alone),
            WITH_CODE: {**summary(with_code), "more": gap(with_code, alone)},
            CHECK: summary([microseconds / 1000 for microseconds in checks]),
        },
        "passkey": compared({name: values[WARM_UP:] for name, values in passkeys.items()}, PASSWORD),
    }


def with_and_without_code(deployment: Deployment, pairs: int) -> dict[str, list[float]]:
    """Return the CPU milliseconds of logins without a factor and with the code of an app. No hash is computed."""
    for number in range(pairs):
        deployment.add_user(_username("alone", number))
        deployment.add_user_with_app(_username("twice", number))
    with running(deployment) as functions, patch.object(passwords, "Argon2id", RememberedArgon2id):
        login = functions.start("login", FACTORS)

        def alone(number: int) -> float:
            login(events.login(_username("alone", number)))
            return login.cpu_milliseconds

        def with_code(number: int) -> float:
            login(events.login(_username("twice", number), otp=shown_by_app(int(time.time()))))
            return login.cpu_milliseconds

        return _in_pairs({ALONE: alone, WITH_CODE: with_code}, pairs)


def code_check() -> Callable[[], FactorUse]:
    """Return what a login does with a code between its requests: it opens the sealed secret, and compares."""
    keys, user, now_seconds = sealing_keys_from(SEALING_KEY), new_identity("ada"), int(time.time())
    check = FactorCheck(
        store=MemoryFactors(MemoryStore()),
        sealing_keys=FixedSealingKeys(keys),
        clock=lambda: now_seconds * 1000,
        entropy=urandom,
        record=lambda _event: None,
    )
    return partial(check, user, app_of(user.user_id, keys), Presented(otp=shown_by_app(now_seconds)))


def by_passkey_and_password(deployment: Deployment, pairs: int) -> dict[str, list[float]]:
    """Return the milliseconds of sign-ins with a password, and with a passkey from the challenge on."""
    passkey = SoftwarePasskey()
    user_ids = []
    for number in range(pairs):
        deployment.add_user(_username("words", number))
        user_ids.append(deployment.add_user(_username("touch", number), passkeys=(passkey.registered(),)))
    with running(deployment) as functions:
        login, sign_in = functions.start("login"), functions.start("passkey_sign_in", PARAMETERS)

        def by_password(number: int) -> float:
            login(events.login(_username("words", number)))
            return login.milliseconds

        def by_passkey(number: int) -> float:
            challenge, options_ms = sign_in(events.event("passkeys-options"))["challenge"], sign_in.milliseconds
            sign_in(events.passkey_sign_in(passkey.signed(challenge, user_ids[number])))
            return options_ms + sign_in.milliseconds

        return _in_pairs({PASSWORD: by_password, PASSKEY: by_passkey}, pairs)


def table(figures: Figures) -> str:
    """Return both tables."""
    return f"{code_table(figures)}\n\n{passkey_table(figures)}"


def code_table(figures: Figures) -> str:
    """Return the CPU time of logins with and without a code, and what the code adds."""
    rows = figures["code"]
    more = rows[WITH_CODE]["more"]
    added = {WITH_CODE: f"{more['median']:+.3f} ({more['low']:+.3f} to {more['high']:+.3f})"}
    cells = [(name, *_spread(row, 3), added.get(name, "")) for name, row in rows.items()]
    within = "open, because the interval contains it" if more["low"] <= MOST_MORE_MS else "not held"
    held = "held" if more["high"] <= MOST_MORE_MS else within
    return f"""\
{markdown(("login, without the hash", "CPU ms", "p5 to p95", "more"), cells)}

More: the median of the differences within {rows[ALONE]["count"]} pairs, and its interval of 95 %. \
Budget: {MOST_MORE_MS:g} ms, {held}."""


def passkey_table(figures: Figures) -> str:
    """Return the times of sign-ins by password and by passkey, and the ratio within the pairs."""
    rows, ratio = figures["passkey"], figures["passkey"][PASSKEY]["ratio"]
    ratios = {PASSKEY: f"{ratio['median']:.2f} ({ratio['p25']:.2f} to {ratio['p75']:.2f})"}
    cells = [(name, *_spread(row, 1), ratios.get(name, "1")) for name, row in rows.items()]
    held = "held" if ratio["median"] <= MOST_OF_PASSWORD else "not held"
    return f"""\
{markdown(("warm sign-in", "median ms", "p5 to p95", "x password"), cells)}

x: the median of the ratios within {rows[PASSWORD]["count"]} pairs, with its quartiles. Budget: a third, {held}. \
{figures["engine"]}, in memory; milliseconds are the function's, in its process."""


def _spread(row: Mapping[str, float], digits: int) -> tuple[str, str]:
    return f"{row['median']:.{digits}f}", f"{row['p5']:.{digits}f} to {row['p95']:.{digits}f}"


def _in_pairs(acts: Mapping[str, Callable[[int], float]], pairs: int) -> dict[str, list[float]]:
    """Return the values of each act, which gets the number of the pair. Who begins changes with each pair."""
    values: dict[str, list[float]] = {name: [] for name in acts}
    order = deque(acts.items())
    for number in range(pairs):
        for name, act in order:
            values[name].append(act(number))
        order.rotate()
    return values


def _username(prefix: str, number: int) -> str:
    return f"{prefix}-{number:06}"

"""The computed tables of docs/scale.md: `python -m benchmarks.costs.scale` writes them again."""

import re
from collections.abc import Callable, Mapping
from functools import partial

from benchmarks.costs.costs import (
    ASSUMED,
    COGNITO_PLANS,
    MILLION,
    OPERATIONS,
    PRICES,
    PROFILES,
    SOURCES,
    break_even,
    cost,
    dollars,
    month,
    tiered,
    user_month,
)
from benchmarks.costs.quotas import API_CALLS_A_REFRESH, QUOTAS, RATES, needs
from benchmarks.frame.results import ROOT, markdown

DOCUMENT = ROOT / "docs" / "scale.md"
USERS = (0, 1_000, 10_000, 100_000, MILLION)
QUIET = ASSUMED._replace(quiet=frozenset(ASSUMED.runs))
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)
_table = partial(markdown, rule=" --- ")


def prices() -> str:
    """List the prices, and the source of each."""
    rows = [(price.what, _dollars(price.dollars), *_read_in(price.source)) for price in PRICES.values()]
    plans = [(f"Cognito {name}, a user and month", _steps(name), *_read_in("cognito_page")) for name in COGNITO_PLANS]
    return _table(("", "price", "read in", "the page's date"), [*rows, *plans])


def assumptions() -> str:
    """List the assumptions for each function."""
    rows = [(name, run.memory_mb, f"{run.warm_ms:g}", f"{run.init_ms:g}") for name, run in ASSUMED.runs.items()]
    return _table(("function", "MB", "warm, ms", "INIT, ms"), rows)


def operations() -> str:
    """List the cost of a million requests of each kind."""
    rows = []
    for operation, each in ((operation, cost(operation)) for operation in OPERATIONS):
        parts = (*each[:-1], each.without_gateway, each.gateway, each.total)
        counts = (sum(operation.calls.values()), *operation.units)
        rows.append((operation.name, *counts, *(f"{part:.2f}" for part in parts)))
    head = ("", "calls", "write units", "read units", "Lambda", "DynamoDB", "logs", "data out", "**ours**")
    return _table((*head, "API Gateway", "**all**"), rows)


def users() -> str:
    """List the cost of one user's month, and of the parts that can be saved."""
    rows = []
    for profile in PROFILES:
        each = user_month(profile)
        counts = (profile.logins, f"{profile.refreshes:,}", f"{profile.api_calls:,}")
        spared = (user_month(profile, QUIET).total, user_month(profile._replace(api_calls=0), QUIET).total)
        fee = dollars(rest_request=profile.api_calls)
        rows.append((profile.name, *counts, *(f"{amount:.4f}" for amount in (*each, each.total, *spared, fee))))
    counted, taken = ("user", "logins", "refreshes", "API calls"), ("Lambda", "DynamoDB", "logs", "data out")
    spared_heads = ("**all**, no log lines of Lambda's", "nor an authorizer of ours", "your API's own fee")
    return _table((*counted, *taken, "API Gateway", "**all**", *spared_heads), rows)


def months() -> str:
    """Compare the cost of a month with Cognito's plans, by the number of users."""
    rows = []
    for count in USERS:
        ours = (month(profile, count) for profile in PROFILES)
        theirs = (tiered(count, plan) for plan in COGNITO_PLANS.values())
        rows.append((f"{count:,}", *(f"{amount:,.0f}" for amount in (*ours, *theirs))))
    names = (*(f"ours, {profile.name}" for profile in PROFILES), *(f"Cognito {name}" for name in COGNITO_PLANS))
    return _table(("users", *names), rows)


def break_evens() -> str:
    """List the number of users from which edge-auth costs less."""
    rows = []
    for profile in PROFILES:
        firsts = (break_even(profile, plan) for plan in COGNITO_PLANS)
        rows.append((profile.name, *(f"{first:,} users" if first else "never" for first in firsts)))
    return _table(("user", *(f"less than {name} from" for name in COGNITO_PLANS)), rows)


def quotas() -> str:
    """List the quotas, and the source of each."""
    rows = [(quota.what, f"{quota.default:,}", quota.rises, *_read_in(quota.source)) for quota in QUOTAS.values()]
    return _table(("quota", "default", "rises", "read in", "the page's date"), rows)


def rates() -> str:
    """List the needs of each rate of refreshes, and the quotas that it reaches."""
    rows = []
    for each in (needs(rate, api_calls_a_refresh=calls) for calls in (0, API_CALLS_A_REFRESH) for rate in RATES):
        numbers = [f"{number:,.0f}" for number in each[:-1]]
        met = ", ".join(f"{quota} ({share:g})" for quota, share in each.met.items()) or "none"
        rows.append((*numbers[:5], f"{numbers[5]} s", *numbers[6:], met))
    head = ("refreshes/s", "API calls/s", "instances busy", "of Lambda's quota", "if all start anew", "from none")
    return _table((*head, "partitions", "log MB/s", "$/hour", "met (times the default)"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    table.__name__: table for table in (prices, assumptions, operations, users, months, break_evens, quotas, rates)
}


def renewed(document: str) -> str:
    """Return the document with every table computed again. Raises KeyError for an unknown table."""
    return _BLOCK.sub(lambda block: f"{block[1]}{TABLES[block[2]]()}\n{block[4]}", document)


def _read_in(name: str) -> tuple[str, str]:
    return f"[{SOURCES[name].title}]({SOURCES[name].address})", SOURCES[name].dated


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount:.10f}".rstrip("0")


def _steps(plan: str) -> str:
    begins = (0, *(end for end, _ in COGNITO_PLANS[plan]))
    steps = zip(begins, COGNITO_PLANS[plan], strict=False)
    return ", ".join(_dollars(each) + (f" from {begin:,.0f}" if begin else "") for begin, (_, each) in steps)


if __name__ == "__main__":
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")

"""The tables of docs/scale.md that are computed: `python -m benchmarks.scale` writes them anew."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from benchmarks import results
from benchmarks.costs import (
    ASSUMED,
    OPERATIONS,
    PROFILES,
    break_even,
    cost,
    month,
    user_month,
)
from benchmarks.prices import COGNITO_PAGE, COGNITO_PLANS, MILLION, PRICES, REST_REQUEST, Source, tiered
from benchmarks.quotas import API_CALLS_A_REFRESH, QUOTAS, RATES, needs

DOCUMENT = results.ROOT / "docs" / "scale.md"
USERS = (0, 1_000, 10_000, 100_000, MILLION)
QUIET = replace(ASSUMED, quiet=frozenset(ASSUMED.runs))
_BLOCK = re.compile(r"(<!-- table: (\w+) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def prices() -> str:
    """List the prices, and where each was read."""
    rows = [(price.what, _dollars(price.dollars), _link(price.source), price.source.dated) for price in PRICES]
    plans = [
        (f"Cognito {name}, a user and month", _steps(name), _link(COGNITO_PAGE), COGNITO_PAGE.dated)
        for name in COGNITO_PLANS
    ]
    return markdown(("", "price", "read in", "the page's date"), [*rows, *plans])


def assumptions() -> str:
    """List what was assumed of each function."""
    rows = [(name, run.memory_mb, f"{run.warm_ms:g}", f"{run.init_ms:g}") for name, run in ASSUMED.runs.items()]
    return markdown(("function", "MB", "warm, ms", "INIT, ms"), rows)


def operations() -> str:
    """Say what a million of each request costs."""
    rows = []
    for operation in OPERATIONS:
        each = cost(operation)
        counts = (sum(operation.calls.values()), operation.write_units, operation.read_units)
        parts = (each.compute, each.dynamodb, each.logs, each.transfer, each.without_gateway, each.gateway, each.total)
        rows.append((operation.name, *counts, *(f"{part:.2f}" for part in parts)))
    head = ("", "calls", "write units", "read units", "Lambda", "DynamoDB", "logs", "data out", "**ours**")
    return markdown((*head, "API Gateway", "**all**"), rows)


def users() -> str:
    """Say what a month of one user costs, and what of it can be spared."""
    rows = []
    for profile in PROFILES:
        parts = user_month(profile)
        counts = (profile.logins, f"{profile.refreshes:,}", f"{profile.api_calls:,}")
        quiet, alone = user_month(profile, QUIET).total, user_month(replace(profile, api_calls=0), QUIET).total
        amounts = (parts.compute, parts.dynamodb, parts.logs, parts.transfer, parts.gateway, parts.total, quiet, alone)
        fee = REST_REQUEST.of(profile.api_calls)
        rows.append((profile.name, *counts, *(f"{amount:.4f}" for amount in (*amounts, fee))))
    head = (
        "user",
        "logins",
        "refreshes",
        "API calls",
        "Lambda",
        "DynamoDB",
        "logs",
        "data out",
        "API Gateway",
        "**all**",
    )
    return markdown(
        (*head, "**all**, no log lines of Lambda's", "nor an authorizer of ours", "your API's own fee"), rows
    )


def months() -> str:
    """Compare the month of so many users with Cognito's plans."""
    rows = [
        (
            f"{count:,}",
            *(f"{month(profile, count):,.0f}" for profile in PROFILES),
            *(f"{tiered(count, plan):,.0f}" for plan in COGNITO_PLANS.values()),
        )
        for count in USERS
    ]
    ours = (f"ours, {profile.name}" for profile in PROFILES)
    return markdown(("users", *ours, *(f"Cognito {name}" for name in COGNITO_PLANS)), rows)


def break_evens() -> str:
    """Say from how many users on edge-auth costs less."""
    rows = [(profile.name, *(_users(break_even(profile, plan)) for plan in COGNITO_PLANS)) for profile in PROFILES]
    return markdown(("user", *(f"less than {name} from" for name in COGNITO_PLANS)), rows)


def quotas() -> str:
    """List the quotas, and where each was read."""
    rows = [
        (quota.what, f"{quota.default:,}", quota.rises, _link(quota.source), quota.source.dated) for quota in QUOTAS
    ]
    return markdown(("quota", "default", "rises", "read in", "the page's date"), rows)


def rates() -> str:
    """Say what so many refreshes a second need, and which quota they meet first."""
    rows = []
    for calls in (0, API_CALLS_A_REFRESH):
        for rate in RATES:
            each = needs(rate, api_calls_a_refresh=calls)
            rows.append(
                (
                    f"{rate:,}",
                    f"{each.api_calls:,}",
                    f"{each.busy_instances:,.0f}",
                    f"{each.instance_quota:,.0f}",
                    f"{each.starting_instances:,.0f}",
                    f"{each.growth_seconds:,.0f} s",
                    each.partitions,
                    f"{each.log_megabytes:,.0f}",
                    f"{each.dollars_an_hour:,.0f}",
                    ", ".join(f"{quota.short} ({each.shares[quota]:g})" for quota in each.first) or "none",
                )
            )
    head = ("refreshes/s", "API calls/s", "instances busy", "of Lambda's quota", "if all start anew", "from none")
    return markdown((*head, "partitions", "log MB/s", "$/hour", "met (times the default)"), rows)


TABLES: Mapping[str, Callable[[], str]] = {
    table.__name__: table for table in (prices, assumptions, operations, users, months, break_evens, quotas, rates)
}


def markdown(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Make a table."""
    lines = [" | ".join(map(str, row)) for row in (head, *rows)]
    columns = lines[0].count("|") + 1
    return "\n".join(f"| {line} |" for line in (lines[0], " | ".join(["---"] * columns), *lines[1:]))


def renewed(document: str) -> str:
    """Return the document with every table made anew. Raises KeyError for one that there is not."""
    return _BLOCK.sub(lambda block: f"{block[1]}{TABLES[block[2]]()}\n{block[4]}", document)


def _link(source: Source) -> str:
    return f"[{source.title}]({source.address})"


def _dollars(amount: float) -> str:
    return f"${amount:.2f}" if amount == round(amount, 2) else f"${amount:.10f}".rstrip("0")


def _steps(plan: str) -> str:
    begin, steps = 0.0, []
    for end, dollars in COGNITO_PLANS[plan]:
        steps.append(_dollars(dollars) + (f" from {begin:,.0f}" if begin else ""))
        begin = end
    return ", ".join(steps)


def _users(count: int | None) -> str:
    return f"{count:,} users" if count else "never"


def main() -> None:
    """Write the tables."""
    DOCUMENT.write_text(renewed(DOCUMENT.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()

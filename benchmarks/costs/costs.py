"""The cost of a request, a user and a month, computed from list prices and a request's work, without measuring.

The prices are those of aws.toml, and the work of a request is that of assumptions.toml.
"""

import tomllib
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

MILLION = 1_000_000
FOLDER = Path(__file__).parent
AWS: Mapping[str, Any] = tomllib.loads((FOLDER / "aws.toml").read_text(encoding="utf-8"))


class Source(NamedTuple):
    """A page that names a price or a quota. `dated` is the date on the page."""

    title: str
    address: str
    dated: str


class Price(NamedTuple):
    """A price in dollars for a number of units. `source` is the name of its source."""

    what: str
    dollars: float
    units: int
    source: str


SOURCES = {name: Source(**source) for name, source in AWS["sources"].items()}
PRICES = {name: Price(*price) for name, price in AWS["prices"].items()}

Tiers = Sequence[tuple[float, float]]
"""For each tier, the number of units at which it ends and the dollars for each unit. The last tier has no end."""

REST_TIERS: Tiers = AWS["tiers"]["rest_requests"]
COGNITO_PLANS: Mapping[str, Tiers] = {plan: AWS["tiers"][plan] for plan in ("Lite", "Essentials", "Plus")}


def dollars(**counts: float) -> float:
    """Return the cost of these units, in dollars. The names are those of the prices. Raises KeyError: unknown price."""
    return sum(count * PRICES[name].dollars / PRICES[name].units for name, count in counts.items())


def tiered(count: float, tiers: Tiers) -> float:
    """Return the cost of `count` units with tiered prices, in dollars."""
    cost, begin = 0.0, 0.0
    for end, each in tiers:
        cost += max(0.0, min(count, end) - begin) * each
        begin = end
    return cost


class Run(NamedTuple):
    """An invocation's memory, in MB as in the template, and its warm and INIT times in milliseconds, both billed."""

    memory_mb: int
    warm_ms: float
    init_ms: float


class Assumptions(NamedTuple):
    """The assumptions of assumptions.toml about all invocations, and the runs by the name of the function."""

    cold_share: float
    platform_log_bytes: int
    quiet: frozenset[str]
    log_line_bytes: int
    log_event_bytes: int
    gateway_header_bytes: int
    invocations_per_kms_request: float
    runs: Mapping[str, Run]


class Profile(NamedTuple):
    """The requests of one user in a month."""

    name: str
    logins: int
    refreshes: int
    logouts: int
    api_calls: int


class Operation(NamedTuple):
    """A request to a warm function, as assumptions.toml describes it."""

    name: str
    function: str
    behind: str
    log_lines: int
    response_bytes: int
    calls: Mapping[str, int]

    @property
    def units(self) -> tuple[int, int]:
        """Write units and read units of all calls."""
        units = [(count * UNITS[call][0], count * UNITS[call][1]) for call, count in self.calls.items()]
        return sum(writes for writes, _ in units), sum(reads for _, reads in units)


_FILE = tomllib.loads((FOLDER / "assumptions.toml").read_text(encoding="utf-8"))
UNITS = _FILE.pop("units")
PROFILES = tuple(Profile(name, *requests) for name, requests in _FILE.pop("profiles").items())
_RUNS = {name: Run(*run) for name, run in _FILE["runs"].items()}
OPERATIONS = tuple(Operation(name, *request) for name, request in _FILE.pop("operations").items())
AUTHORIZE, LOGIN, REFRESH, LOGOUT = OPERATIONS[:4]
ASSUMED = Assumptions(**{**_FILE, "quiet": frozenset(_FILE["quiet"]), "runs": _RUNS})


class Cost(NamedTuple):
    """Dollars for a million requests, by AWS service."""

    compute: float = 0.0
    dynamodb: float = 0.0
    logs: float = 0.0
    transfer: float = 0.0
    gateway: float = 0.0

    @property
    def total(self) -> float:
        """The whole sum."""
        return sum(self)

    @property
    def without_gateway(self) -> float:
        """The sum without API Gateway's fee."""
        return self.total - self.gateway


def log_bytes(operation: Operation, assumed: Assumptions = ASSUMED) -> int:
    """Return how many bytes one request adds to its function's log: Lambda's two lines and the function's own."""
    is_quiet = operation.function in assumed.quiet
    platform = 0 if is_quiet else assumed.platform_log_bytes + 2 * assumed.log_event_bytes
    return platform + operation.log_lines * (assumed.log_line_bytes + assumed.log_event_bytes)


def cost(operation: Operation, assumed: Assumptions = ASSUMED) -> Cost:
    """Return the cost of a million requests of this operation."""
    run, (writes, reads) = assumed.runs[operation.function], operation.units
    gb_seconds = run.memory_mb / 1024 * (run.warm_ms + assumed.cold_share * run.init_ms) / 1000
    kms_requests = 1 / assumed.invocations_per_kms_request if operation.calls else 0
    bytes_out = operation.response_bytes + assumed.gateway_header_bytes if operation.behind else 0
    in_front = cost(AUTHORIZE, assumed) if operation.behind == "authorizer" else Cost()
    return Cost(
        compute=MILLION * dollars(lambda_request=1, lambda_gb_second=gb_seconds) + in_front.compute,
        dynamodb=MILLION * dollars(write_unit=writes, read_unit=reads, kms_request=kms_requests),
        logs=MILLION * dollars(log_byte=log_bytes(operation, assumed)) + in_front.logs,
        transfer=MILLION * dollars(byte_out=bytes_out),
        gateway=MILLION * dollars(rest_request=1) if operation.behind else 0.0,
    )


ALARM_METRICS = 21  # an alarm on an expression counts once for each metric in it
METRICS = 15  # a metric with a dimension counts once for each event; this is a month in which every event comes hourly
DASHBOARDS = 1
READERS = 10  # instances that run all month, and read the key ring every five minutes
READS_A_MONTH = 30 * 24 * 12


def fixed_month() -> float:
    """Return the cost of a month before the first request is paid for: at most, because an idle metric is free."""
    return dollars(secret_month=1, secret_read=READERS * READS_A_MONTH) + watched_month()


def watched_month() -> float:
    """Return the part of it that is for metrics, alarms and the dashboard."""
    return dollars(metric_month=METRICS, alarm_month=ALARM_METRICS, dashboard_month=DASHBOARDS)


def user_month(profile: Profile, assumed: Assumptions = ASSUMED) -> Cost:
    """Return the cost of one user's month, in dollars, by AWS service.

    API Gateway's fee covers logins, refreshes and logouts. It does not cover the calls to your own API: you pay for
    those with any issuer of tokens.
    """
    counts = (profile.logins, profile.refreshes, profile.logouts, profile.api_calls)
    requests = zip((LOGIN, REFRESH, LOGOUT, AUTHORIZE), counts, strict=True)
    costs = [[part * count / MILLION for part in cost(operation, assumed)] for operation, count in requests]
    return Cost(*map(sum, zip(*costs, strict=True)))


def month(profile: Profile, users: int) -> float:
    """Return the cost of a month with this number of users, with API Gateway's lower prices for many requests."""
    own, requests = user_month(profile).without_gateway, profile.logins + profile.refreshes + profile.logouts
    return fixed_month() + users * own + tiered(users * requests, REST_TIERS)


def break_even(profile: Profile, plan: str) -> int | None:
    """Return the number of users from which edge-auth costs less than this Cognito plan, or None if it never does."""
    users = range(1, MILLION + 1)
    first = bisect_left(users, 1, key=lambda count: month(profile, count) < tiered(count, COGNITO_PLANS[plan]))
    return users[first] if first < MILLION else None

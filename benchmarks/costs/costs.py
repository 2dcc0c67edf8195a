"""The cost of a request, a user and a month, computed from list prices and a request's work, without measuring."""

import tomllib
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.costs.prices import COGNITO_PLANS, MILLION, REST_TIERS, dollars, tiered


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

    @property
    def token_requests(self) -> int:
        """Requests to edge-auth's own API."""
        return self.logins + self.refreshes + self.logouts


# Write and read units of a call to DynamoDB: items under 1 KB, a user's sessions under 4 KB.
UNITS: Mapping[str, tuple[int, int]] = {
    "UpdateItem": (1, 0),
    "GetItem": (0, 1),
    "Query": (0, 1),
    "TransactWriteItems": (4, 0),  # two items, twice each
}


@dataclass(frozen=True, slots=True)
class Operation:
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


_FILE = tomllib.loads(Path(__file__).with_name("assumptions.toml").read_text(encoding="utf-8"))
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
        compute=dollars("lambda_request", MILLION)
        + dollars("lambda_gb_second", MILLION * gb_seconds)
        + in_front.compute,
        dynamodb=dollars("write_unit", MILLION * writes)
        + dollars("read_unit", MILLION * reads)
        + dollars("kms_request", MILLION * kms_requests),
        logs=dollars("log_byte", MILLION * log_bytes(operation, assumed)) + in_front.logs,
        transfer=dollars("byte_out", MILLION * bytes_out),
        gateway=dollars("rest_request", MILLION) if operation.behind else 0.0,
    )


ALARMS = 5
METRICS = 3
READERS = 10  # instances that run all month, and read the key ring every five minutes
READS_A_MONTH = 30 * 24 * 12


def fixed_month() -> float:
    """Return the cost of a month without any request."""
    secret = dollars("secret_month", 1) + dollars("secret_read", READERS * READS_A_MONTH)
    return secret + dollars("metric_month", METRICS) + dollars("alarm_month", ALARMS)


def user_month(profile: Profile, assumed: Assumptions = ASSUMED) -> Cost:
    """Return the cost of one user's month, in dollars, by AWS service.

    API Gateway's fee covers logins, refreshes and logouts. It does not cover the calls to your own API: you pay for
    those with any issuer of tokens.
    """
    counts = (profile.logins, profile.refreshes, profile.logouts, profile.api_calls)
    requests = zip((LOGIN, REFRESH, LOGOUT, AUTHORIZE), counts, strict=True)
    costs = [[part * count / MILLION for part in cost(operation, assumed)] for operation, count in requests]
    return Cost(*map(sum, zip(*costs, strict=True)))


def month(profile: Profile, users: int, assumed: Assumptions = ASSUMED) -> float:
    """Return the cost of a month with this number of users, with API Gateway's lower prices for many requests."""
    own = user_month(profile, assumed).without_gateway
    return fixed_month() + users * own + tiered(users * profile.token_requests, REST_TIERS)


def break_even(profile: Profile, plan: str, most: int = MILLION) -> int | None:
    """Return the number of users from which edge-auth costs less than this Cognito plan, or None if it never does."""
    users = range(1, most + 1)
    first = bisect_left(users, 1, key=lambda count: month(profile, count) < tiered(count, COGNITO_PLANS[plan]))
    return users[first] if first < most else None

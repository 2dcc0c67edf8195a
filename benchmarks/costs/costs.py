"""What a request, a user and a month cost, from list prices and from what a request does. Nothing is measured here."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from benchmarks.costs import prices
from benchmarks.costs.prices import COGNITO_PLANS, MILLION, REST_TIERS, tiered


@dataclass(frozen=True, slots=True)
class Run:
    """What an invocation takes: MB as in the template; warm and INIT time in milliseconds, both billed."""

    memory_mb: int
    warm_ms: float
    init_ms: float


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the list prices are multiplied with where nothing in AWS was measured. Replace what you have measured.

    Warm times are the processor's time at this share of a processor, and 5 ms for each call to DynamoDB, 10 for a
    transaction. INIT times are about those of benchmarks/results/starts.json.
    """

    runs: Mapping[str, Run] = field(
        default_factory=lambda: {
            "authorizer": Run(256, 3, 50),
            "login": Run(1769, 65, 210),
            "refresh": Run(512, 15, 210),
            "logout": Run(512, 12, 185),
            "sessions": Run(512, 15, 180),
            "password": Run(1769, 100, 215),
            "jwks": Run(512, 3, 185),
        }
    )
    cold_share: float = 0.01  # AWS: under 1 % of invocations
    platform_log_bytes: int = 500  # Lambda's own two lines, start and report
    quiet: frozenset[str] = frozenset({"authorizer"})  # functions about which Lambda writes none: SystemLogLevel
    log_line_bytes: int = 355  # the longest of ours
    log_event_bytes: int = 26  # what CloudWatch adds to each
    gateway_header_bytes: int = 300  # what API Gateway, HTTP and TLS add to a response
    invocations_per_kms_request: float = 50  # a cold start opens two tables


ASSUMED = Assumptions()

# Write and read units of a call to DynamoDB: items under 1 KB, a user's sessions under 4 KB.
UNITS: Mapping[str, tuple[int, int]] = {
    "UpdateItem": (1, 0),
    "GetItem": (0, 1),
    "Query": (0, 1),
    "TransactWriteItems": (4, 0),  # two items, twice each
}


@dataclass(frozen=True, slots=True)
class Operation:
    """A request, as a warm function serves it: its calls to DynamoDB, its lines in the log, the bytes of its response.

    `behind` says what is in front of the function: "gateway", the authorizer too ("authorizer"), or nothing that is
    ours (""): the authorizer itself is called for a request to an API of yours.
    """

    name: str
    function: str
    calls: Mapping[str, int]
    log_lines: int
    response_bytes: int
    behind: str = "gateway"

    @property
    def write_units(self) -> int:
        """Write units in all."""
        return sum(UNITS[call][0] * count for call, count in self.calls.items())

    @property
    def read_units(self) -> int:
        """Read units in all."""
        return sum(UNITS[call][1] * count for call, count in self.calls.items())


LOGIN_CALLS = {"UpdateItem": 3, "GetItem": 1, "TransactWriteItems": 1, "Query": 1}
PASSWORD_CALLS = {"UpdateItem": 5, "GetItem": 3, "Query": 1}  # with one other session, which it ends
AUTHORIZE = Operation("authorize", "authorizer", {}, 0, 0, behind="")
LOGIN = Operation("login", "login", LOGIN_CALLS, 1, 1140)
REFRESH = Operation("refresh", "refresh", {"UpdateItem": 1}, 1, 1140)
LOGOUT = Operation("logout", "logout", {"UpdateItem": 1}, 1, 125)
OPERATIONS = (
    AUTHORIZE,
    LOGIN,
    REFRESH,
    LOGOUT,
    Operation("list of sessions", "sessions", {"Query": 1}, 0, 585, behind="authorizer"),
    Operation("end of a session", "sessions", {"GetItem": 2, "UpdateItem": 1}, 1, 125, behind="authorizer"),
    Operation("change of the password", "password", PASSWORD_CALLS, 2, 125, behind="authorizer"),
    Operation("public keys", "jwks", {}, 0, 660),
    Operation("wrong password", "login", {"UpdateItem": 2, "GetItem": 1}, 2, 260),
    Operation("dead refresh token", "refresh", {"UpdateItem": 2}, 2, 250),
    Operation("forged refresh token", "refresh", {}, 1, 250),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars for a million requests, by who takes them."""

    compute: float
    dynamodb: float
    logs: float
    transfer: float
    gateway: float

    @property
    def without_gateway(self) -> float:
        """What is left where API Gateway's fee is not counted."""
        return self.compute + self.dynamodb + self.logs + self.transfer

    @property
    def total(self) -> float:
        """All of it."""
        return self.without_gateway + self.gateway


def log_bytes(operation: Operation, assumed: Assumptions = ASSUMED) -> int:
    """Return how many bytes one request adds to its function's log: Lambda's two lines, and ours."""
    is_quiet = operation.function in assumed.quiet
    platform = 0 if is_quiet else assumed.platform_log_bytes + 2 * assumed.log_event_bytes
    return platform + operation.log_lines * (assumed.log_line_bytes + assumed.log_event_bytes)


def cost(operation: Operation, assumed: Assumptions = ASSUMED) -> Cost:
    """Return what a million of these requests cost."""
    run = assumed.runs[operation.function]
    gb_seconds = run.memory_mb / 1024 * (run.warm_ms + assumed.cold_share * run.init_ms) / 1000
    kms_requests = 1 / assumed.invocations_per_kms_request if operation.calls else 0
    bytes_out = operation.response_bytes + assumed.gateway_header_bytes if operation.behind else 0
    in_front = cost(AUTHORIZE, assumed) if operation.behind == "authorizer" else Cost(0, 0, 0, 0, 0)
    return Cost(
        compute=prices.LAMBDA_REQUEST.of(MILLION) + prices.LAMBDA_GB_SECOND.of(MILLION * gb_seconds) + in_front.compute,
        dynamodb=prices.WRITE_UNIT.of(MILLION * operation.write_units)
        + prices.READ_UNIT.of(MILLION * operation.read_units)
        + prices.KMS_REQUEST.of(MILLION * kms_requests),
        logs=prices.LOG_BYTE.of(MILLION * log_bytes(operation, assumed)) + in_front.logs,
        transfer=prices.BYTE_OUT.of(MILLION * bytes_out),
        gateway=prices.REST_REQUEST.of(MILLION) if operation.behind else 0.0,
    )


@dataclass(frozen=True, slots=True)
class Profile:
    """What one user does in a month."""

    name: str
    logins: int
    refreshes: int
    logouts: int
    api_calls: int

    @property
    def token_requests(self) -> int:
        """Requests to the API of edge-auth itself."""
        return self.logins + self.refreshes + self.logouts


PROFILES = (
    Profile("now and then", logins=2, refreshes=30, logouts=1, api_calls=300),
    Profile("daily", logins=4, refreshes=300, logouts=1, api_calls=3_000),
    Profile("always on", logins=1, refreshes=2_880, logouts=0, api_calls=30_000),  # a refresh each 15 minutes
)

ALARMS = 5
METRICS = 3
READERS = 10  # instances that are up all month, and read the key ring every five minutes
READS_A_MONTH = 30 * 24 * 12


def fixed_month() -> float:
    """Return what a month costs that nobody logs in."""
    reads = prices.SECRET_READ.of(READERS * READS_A_MONTH)
    return prices.SECRET_MONTH.of(1) + reads + prices.METRIC_MONTH.of(METRICS) + prices.ALARM_MONTH.of(ALARMS)


def user_month(profile: Profile, assumed: Assumptions = ASSUMED) -> Cost:
    """Return what a month of one user costs, in dollars, by who takes them.

    API Gateway's fee is the one for logins, refreshes and logouts. That for the calls to an API of yours is not in it:
    you pay it whoever makes the tokens.
    """
    requests = (
        (LOGIN, profile.logins),
        (REFRESH, profile.refreshes),
        (LOGOUT, profile.logouts),
        (AUTHORIZE, profile.api_calls),
    )
    costs = [(cost(operation, assumed), count / MILLION) for operation, count in requests]
    return Cost(**{part.name: sum(getattr(one, part.name) * share for one, share in costs) for part in fields(Cost)})


def month(profile: Profile, users: int, assumed: Assumptions = ASSUMED) -> float:
    """Return what a month of so many users costs, with what API Gateway takes less where there is much."""
    own = user_month(profile, assumed).without_gateway
    return fixed_month() + users * own + tiered(users * profile.token_requests, REST_TIERS)


def break_even(profile: Profile, plan: str, most: int = MILLION) -> int | None:
    """Return from how many users on edge-auth costs less than this plan of Cognito's; None where it never does."""
    users = range(1, most + 1)
    first = bisect_left(users, 1, key=lambda count: month(profile, count) < tiered(count, COGNITO_PLANS[plan]))
    return users[first] if first < most else None

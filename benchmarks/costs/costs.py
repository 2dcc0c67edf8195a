"""The cost of a request, a user and a month, computed from list prices and a request's work, without measuring."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from benchmarks.costs import prices
from benchmarks.costs.prices import COGNITO_PLANS, MILLION, REST_TIERS, tiered


@dataclass(frozen=True, slots=True)
class Run:
    """An invocation's memory, in MB as in the template, and its warm and INIT times in milliseconds, both billed."""

    memory_mb: int
    warm_ms: float
    init_ms: float


@dataclass(frozen=True, slots=True)
class Assumptions:
    """Assumed quantities, not measured in AWS. List prices are multiplied by them. Replace them by your own figures.

    A warm time is the CPU time at the function's share of a processor, plus 5 ms for each call to DynamoDB and 10 ms
    for a transaction. INIT times are close to those of benchmarks/results/starts.json.
    """

    runs: Mapping[str, Run] = field(
        default_factory=lambda: {
            "authorizer": Run(256, 3, 50),
            "login": Run(1769, 65, 210),
            "refresh": Run(512, 15, 210),
            "logout": Run(512, 17, 185),
            "sessions": Run(512, 15, 180),
            "password": Run(1769, 100, 215),
            "jwks": Run(512, 3, 185),
        }
    )
    cold_share: float = 0.01  # AWS: under 1 % of invocations
    platform_log_bytes: int = 500  # the two lines that Lambda itself writes, start and report
    quiet: frozenset[str] = frozenset({"authorizer"})  # functions without Lambda's two lines: SystemLogLevel
    log_line_bytes: int = 355  # the longest line of edge-auth
    log_event_bytes: int = 26  # added by CloudWatch to each line
    gateway_header_bytes: int = 300  # added to a response by API Gateway, HTTP and TLS
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
    """A request to a warm function: its calls to DynamoDB, its lines in the log, the bytes of its response.

    `behind` names what is in front of the function: "gateway" is API Gateway, "authorizer" is API Gateway and the
    authorizer. "" is the authorizer itself: your own API calls it, and API Gateway's fee is your API's.
    """

    name: str
    function: str
    calls: Mapping[str, int]
    log_lines: int
    response_bytes: int
    behind: str = "gateway"

    @property
    def write_units(self) -> int:
        """Write units of all calls."""
        return sum(UNITS[call][0] * count for call, count in self.calls.items())

    @property
    def read_units(self) -> int:
        """Read units of all calls."""
        return sum(UNITS[call][1] * count for call, count in self.calls.items())


LOGIN_CALLS = {"UpdateItem": 3, "GetItem": 1, "TransactWriteItems": 1, "Query": 1}
PASSWORD_CALLS = {"UpdateItem": 4, "GetItem": 3, "Query": 1, "TransactWriteItems": 1}  # ends one other session
AUTHORIZE = Operation("authorize", "authorizer", {}, 0, 0, behind="")
LOGIN = Operation("login", "login", LOGIN_CALLS, 1, 1140)
REFRESH = Operation("refresh", "refresh", {"UpdateItem": 1}, 1, 1140)
LOGOUT = Operation("logout", "logout", {"TransactWriteItems": 1}, 1, 125)
OPERATIONS = (
    AUTHORIZE,
    LOGIN,
    REFRESH,
    LOGOUT,
    Operation("list of sessions", "sessions", {"Query": 1}, 0, 585, behind="authorizer"),
    Operation("end of a session", "sessions", {"GetItem": 2, "TransactWriteItems": 1}, 1, 125, behind="authorizer"),
    Operation("change of the password", "password", PASSWORD_CALLS, 2, 125, behind="authorizer"),
    Operation("public keys", "jwks", {}, 0, 660),
    Operation("wrong password", "login", {"UpdateItem": 2, "GetItem": 1}, 2, 260),
    Operation("dead refresh token", "refresh", {"UpdateItem": 2, "GetItem": 1}, 2, 250),
    Operation("forged refresh token", "refresh", {}, 1, 250),
)


@dataclass(frozen=True, slots=True)
class Cost:
    """Dollars for a million requests, by AWS service."""

    compute: float
    dynamodb: float
    logs: float
    transfer: float
    gateway: float

    @property
    def without_gateway(self) -> float:
        """The sum without API Gateway's fee."""
        return self.compute + self.dynamodb + self.logs + self.transfer

    @property
    def total(self) -> float:
        """The whole sum."""
        return self.without_gateway + self.gateway


def log_bytes(operation: Operation, assumed: Assumptions = ASSUMED) -> int:
    """Return how many bytes one request adds to its function's log: Lambda's two lines and the function's own."""
    is_quiet = operation.function in assumed.quiet
    platform = 0 if is_quiet else assumed.platform_log_bytes + 2 * assumed.log_event_bytes
    return platform + operation.log_lines * (assumed.log_line_bytes + assumed.log_event_bytes)


def cost(operation: Operation, assumed: Assumptions = ASSUMED) -> Cost:
    """Return the cost of a million requests of this operation."""
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


PROFILES = (
    Profile("now and then", logins=2, refreshes=30, logouts=1, api_calls=300),
    Profile("daily", logins=4, refreshes=300, logouts=1, api_calls=3_000),
    Profile("always on", logins=1, refreshes=2_880, logouts=0, api_calls=30_000),  # a refresh each 15 minutes
)

ALARMS = 5
METRICS = 3
READERS = 10  # instances that run all month, and read the key ring every five minutes
READS_A_MONTH = 30 * 24 * 12


def fixed_month() -> float:
    """Return the cost of a month without any request."""
    reads = prices.SECRET_READ.of(READERS * READS_A_MONTH)
    return prices.SECRET_MONTH.of(1) + reads + prices.METRIC_MONTH.of(METRICS) + prices.ALARM_MONTH.of(ALARMS)


def user_month(profile: Profile, assumed: Assumptions = ASSUMED) -> Cost:
    """Return the cost of one user's month, in dollars, by AWS service.

    API Gateway's fee covers logins, refreshes and logouts. It does not cover the calls to your own API: you pay for
    those with any issuer of tokens.
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
    """Return the cost of a month with this number of users, with API Gateway's lower prices for many requests."""
    own = user_month(profile, assumed).without_gateway
    return fixed_month() + users * own + tiered(users * profile.token_requests, REST_TIERS)


def break_even(profile: Profile, plan: str, most: int = MILLION) -> int | None:
    """Return the number of users from which edge-auth costs less than this Cognito plan, or None if it never does."""
    users = range(1, most + 1)
    first = bisect_left(users, 1, key=lambda count: month(profile, count) < tiered(count, COGNITO_PLANS[plan]))
    return users[first] if first < most else None

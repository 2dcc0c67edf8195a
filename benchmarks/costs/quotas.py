"""AWS's default quotas, and the share of them that a rate of refreshes needs. Nothing is measured here."""

from dataclasses import dataclass

from benchmarks.costs.costs import ASSUMED, AUTHORIZE, REFRESH, Assumptions, cost, log_bytes
from benchmarks.costs.prices import MILLION, Source

LAMBDA_SCALING = Source(
    "AWS: Lambda scaling behavior", "https://docs.aws.amazon.com/lambda/latest/dg/scaling-behavior.html", "no date"
)
LAMBDA_LIMITS = Source(
    "AWS Lambda rate limits", "https://rate-limits.apis.io/rate-limits/aws-lambda/aws-lambda-rate-limits/", "2026-05-04"
)
GATEWAY_LIMITS = Source(
    "AWS: Amazon API Gateway quotas",
    "https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html",
    "no date",
)
DYNAMODB_LIMITS = Source(
    "AWS: Quotas in Amazon DynamoDB",
    "https://docs.amazonaws.cn/en_us/amazondynamodb/latest/developerguide/Limits.html",
    "no date",
)
WARM_THROUGHPUT = Source(
    "AWS: DynamoDB warm throughput in different scenarios",
    "https://docs.amazonaws.cn/en_us/amazondynamodb/latest/developerguide/warm-throughput-scenarios.html",
    "no date",
)
SECRETS_LIMITS = Source(
    "AWS: Secrets Manager increases API requests per second",
    "https://aws.amazon.com/cn/about-aws/whats-new/2025/03/aws-secrets-manager-increases-api-requests-seconds",
    "2025-03-04",
)


@dataclass(frozen=True, slots=True)
class Quota:
    """A default quota. It applies to an account and Region, unless `what` names another scope."""

    short: str
    what: str
    default: int
    source: Source
    rises: str


GATEWAY = Quota("API Gateway", "API Gateway: requests a second, of all APIs", 10_000, GATEWAY_LIMITS, "on request")
LAMBDA_INSTANCES = Quota("Lambda", "Lambda: instances at once, of all functions", 1_000, LAMBDA_LIMITS, "on request")
LAMBDA_RATE = Quota(
    "Lambda's rate", "Lambda: requests a second for each instance of that quota", 10, LAMBDA_LIMITS, "with that quota"
)
LAMBDA_GROWTH = Quota(
    "Lambda's growth", "Lambda: new instances in ten seconds, of a function", 1_000, LAMBDA_SCALING, "not read"
)
TABLE = Quota("table", "DynamoDB: write units a second, of a table", 40_000, DYNAMODB_LIMITS, "on request")
NEW_TABLE = Quota(
    "new table",
    "DynamoDB: write units a second, of a new table",
    4_000,
    WARM_THROUGHPUT,
    "by traffic, or warm throughput",
)
PARTITION = Quota("partition", "DynamoDB: write units a second, of a partition", 1_000, WARM_THROUGHPUT, "no")
SECRET_READS = Quota("secret", "Secrets Manager: reads a second", 10_000, SECRETS_LIMITS, "not read")
QUOTAS = (GATEWAY, LAMBDA_INSTANCES, LAMBDA_RATE, LAMBDA_GROWTH, NEW_TABLE, TABLE, PARTITION, SECRET_READS)

GROWTH_SECONDS = 10
RATES = (1_000, 10_000, 100_000)
API_CALLS_A_REFRESH = 10  # as in the profiles; each call invokes the authorizer


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs of a rate of refreshes. Rates are per second."""

    refreshes: int
    api_calls: int
    busy_instances: float
    instance_quota: float
    starting_instances: float
    growth_seconds: float
    partitions: int
    log_megabytes: float
    dollars_an_hour: float

    @property
    def shares(self) -> dict[Quota, float]:
        """The share of each quota that is used."""
        return {
            GATEWAY: (self.refreshes + self.api_calls) / GATEWAY.default,
            LAMBDA_INSTANCES: self.instance_quota / LAMBDA_INSTANCES.default,
            NEW_TABLE: self.refreshes / NEW_TABLE.default,
            TABLE: self.refreshes / TABLE.default,
            SECRET_READS: LAMBDA_GROWTH.default / GROWTH_SECONDS / SECRET_READS.default,
        }

    @property
    def first(self) -> list[Quota]:
        """The quotas that are used up or exceeded, the most exceeded first."""
        met = [(share, quota.what, quota) for quota, share in self.shares.items() if share >= 1]
        return [quota for *_, quota in sorted(met, reverse=True)]


def needs(refreshes: int, *, api_calls_a_refresh: int = 0, assumed: Assumptions = ASSUMED) -> Needs:
    """Return the needs of this many refreshes a second, and of the calls to your own API in the same account, if any.

    Each invocation counts towards Lambda's quota for its own time, or for a tenth of a second if that is longer.
    """
    refresh, authorizer = assumed.runs["refresh"], assumed.runs["authorizer"]
    api_calls = refreshes * api_calls_a_refresh
    busy = (refreshes * refresh.warm_ms + api_calls * authorizer.warm_ms) / 1000
    starting = (refreshes * refresh.init_ms + api_calls * authorizer.init_ms) / 1000
    dollars_a_second = (refreshes * cost(REFRESH, assumed).total + api_calls * cost(AUTHORIZE, assumed).total) / MILLION
    return Needs(
        refreshes=refreshes,
        api_calls=api_calls,
        busy_instances=busy,
        instance_quota=max(busy, (refreshes + api_calls) / LAMBDA_RATE.default),
        starting_instances=busy + starting,
        growth_seconds=GROWTH_SECONDS * max(refreshes, api_calls) / (LAMBDA_GROWTH.default * LAMBDA_RATE.default),
        partitions=-(-refreshes // PARTITION.default),
        log_megabytes=(refreshes * log_bytes(REFRESH, assumed) + api_calls * log_bytes(AUTHORIZE, assumed)) / MILLION,
        dollars_an_hour=dollars_a_second * 3600,
    )

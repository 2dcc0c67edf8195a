"""List prices of AWS: us-east-1, on demand, in US dollars, without free tiers, discounts and taxes.

The prices are AWS's. Most of AWS's price pages load their numbers in the browser. So each source here is a page whose
text contains the number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

READ_ON = "2026-11-21"
MILLION = 1_000_000
GB = 10**9


@dataclass(frozen=True, slots=True)
class Source:
    """A page that names a price or a quota. `dated` is the date on the page."""

    title: str
    address: str
    dated: str


@dataclass(frozen=True, slots=True)
class Price:
    """A price in dollars for a number of units."""

    what: str
    dollars: float
    units: int
    source: Source

    def of(self, count: float) -> float:
        """Return the cost of `count` units, in dollars."""
        return count * self.dollars / self.units


LAMBDA_GUIDE = Source("AWS Lambda Pricing Breakdown", "https://cloudchipr.com/blog/aws-lambda-pricing", "2024")
LAMBDA_PAGE = Source(
    "AWS Lambda pricing, quoted",
    "https://raw.githubusercontent.com/api-evangelist/aws-lambda/refs/heads/main/plans/aws-lambda-plans-pricing.yml",
    "2026-09-20",
)
DYNAMODB_GUIDE = Source(
    "Amazon DynamoDB Pricing: On-Demand & Provisioned Plans",
    "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    "2025-07-21",
)
GATEWAY_PAPER = Source(
    "AWS: Best Practices for Private APIs, Cost optimization",
    "https://docs.aws.amazon.com/pt_br/whitepapers/latest/best-practices-api-gateway-private-apis-integration/cost-optimization.html",
    "no date",
)
GATEWAY_GUIDE = Source("AWS API Gateway Pricing", "https://www.apigatewaycost.com/aws", "no date")
LOGS_GUIDE = Source(
    "Amazon CloudWatch Logs pricing",
    "https://hykell.com/kb/platform-specific-guides/aws-cloudwatch-logs-pricing",
    "no date",
)
METRICS_GUIDE = Source(
    "CloudWatch Logs Cost",
    "https://hivebook.wiki/wiki/cloudwatch-logs-cost-never-expire-retention-and-cardinality-blowups",
    "no date",
)
ALARMS_GUIDE = Source(
    "aws_cloudwatch_metric_alarm cost estimation",
    "https://c3x.dev/resources/aws/aws_cloudwatch_metric_alarm",
    "no date",
)
SECRETS_PAGE = Source(
    "AWS Secrets Manager pricing, quoted",
    "https://raw.githubusercontent.com/api-evangelist/amazon-secrets-manager/refs/heads/main/plans/amazon-secrets-manager-plans-pricing.yml",
    "2026-09-20",
)
KMS_GUIDE = Source(
    "DynamoDB Encryption: AWS-Owned vs Customer-Managed KMS Key Cost",
    "https://usage.ai/blogs/aws/reserved-instances/dynamodb/encryption-cost/",
    "2026-04-21",
)
COGNITO_PAGE = Source(
    "Amazon Cognito pricing, quoted",
    "https://raw.githubusercontent.com/api-evangelist/amazon-cognito/refs/heads/main/plans/amazon-cognito-plans-pricing.yml",
    "2026-09-20",
)

LAMBDA_REQUEST = Price("Lambda, a million requests", 0.20, MILLION, LAMBDA_PAGE)
LAMBDA_GB_SECOND = Price("Lambda on arm64, a GB-second", 0.0000133334, 1, LAMBDA_GUIDE)
WRITE_UNIT = Price("DynamoDB on demand, a million write units", 0.625, MILLION, DYNAMODB_GUIDE)
READ_UNIT = Price("DynamoDB on demand, a million read units", 0.125, MILLION, DYNAMODB_GUIDE)
REST_REQUEST = Price("API Gateway, a million requests of a REST API", 3.50, MILLION, GATEWAY_PAPER)
HTTP_REQUEST = Price("API Gateway, a million requests of an HTTP API", 1.00, MILLION, GATEWAY_PAPER)
LOG_BYTE = Price("CloudWatch Logs, a GB taken in", 0.50, GB, LOGS_GUIDE)
BYTE_OUT = Price("Data to the internet, a GB", 0.09, GB, GATEWAY_GUIDE)
SECRET_MONTH = Price("Secrets Manager, a secret and month", 0.40, 1, SECRETS_PAGE)
SECRET_READ = Price("Secrets Manager, 10,000 requests", 0.05, 10_000, SECRETS_PAGE)
METRIC_MONTH = Price("CloudWatch, a metric of one's own and month", 0.30, 1, METRICS_GUIDE)
ALARM_MONTH = Price("CloudWatch, an alarm and month", 0.10, 1, ALARMS_GUIDE)
KMS_REQUEST = Price("KMS, 10,000 requests", 0.03, 10_000, KMS_GUIDE)
PRICES = (
    *(LAMBDA_REQUEST, LAMBDA_GB_SECOND, WRITE_UNIT, READ_UNIT, REST_REQUEST, HTTP_REQUEST, LOG_BYTE),
    *(BYTE_OUT, SECRET_MONTH, SECRET_READ, METRIC_MONTH, ALARM_MONTH, KMS_REQUEST),
)

Tiers = Sequence[tuple[float, float]]
"""For each tier, the number of units at which it ends and the dollars for each unit. The last tier has no end."""

REST_TIERS: Tiers = ((333 * MILLION, 3.50 / MILLION), (1000 * MILLION, 2.80 / MILLION), (float("inf"), 2.38 / MILLION))
COGNITO_PLANS: Mapping[str, Tiers] = {
    "Lite": ((10_000, 0.0), (100_000, 0.0055), (float("inf"), 0.0046)),  # lower from a million users
    "Essentials": ((10_000, 0.0), (float("inf"), 0.015)),
    "Plus": ((float("inf"), 0.020),),
}


def tiered(count: float, tiers: Tiers) -> float:
    """Return the cost of `count` units with tiered prices, in dollars."""
    cost, begin = 0.0, 0.0
    for end, dollars in tiers:
        cost += max(0.0, min(count, end) - begin) * dollars
        begin = end
    return cost

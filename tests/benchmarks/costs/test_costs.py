"""The arithmetic on list prices and quotas, and its agreement with the template's stack."""

import pytest

from benchmarks.costs.costs import (
    ALARM_METRICS,
    ASSUMED,
    COGNITO_PLANS,
    DASHBOARDS,
    LOGIN,
    METRICS,
    MILLION,
    OPERATIONS,
    PRICES,
    PROFILES,
    REFRESH,
    REST_TIERS,
    SOURCES,
    Operation,
    Profile,
    break_even,
    cost,
    dollars,
    fixed_month,
    month,
    tiered,
    user_month,
    watched_month,
)
from benchmarks.costs.quotas import API_CALLS_A_REFRESH, QUOTAS, needs
from tests.support.metric_filters import metrics
from tests.support.template import properties, resources

FUNCTION_RESOURCES = {name: f"{name.title().replace('_', '')}Function" for name in ASSUMED.runs}


def test_every_price_and_quota_has_a_source() -> None:
    """The source is a page with an address, so it can be read again."""
    named = {price.source for price in PRICES.values()} | {quota.source for quota in QUOTAS.values()}

    assert named | {"cognito_page"} == set(SOURCES)
    assert all(source.address.startswith("https://") and source.title and source.dated for source in SOURCES.values())
    assert all(price.dollars > 0 and price.units > 0 for price in PRICES.values())


def test_a_million_gb_seconds_is_what_the_list_says() -> None:
    """$13.33 on arm64: the unit is one GB-second and not a thousand."""
    assert dollars(lambda_gb_second=MILLION) == pytest.approx(13.3334)


def test_memory_is_the_templates() -> None:
    """A function with more or less memory has other costs."""
    default = 512

    for name, run in ASSUMED.runs.items():
        assert run.memory_mb == properties(FUNCTION_RESOURCES[name]).get("MemorySize", default), name


def test_what_an_idle_stack_costs_is_counted_in_the_template() -> None:
    """By default the template has one secret, and the counted numbers of alarms and custom metrics."""
    alarms = [
        body["Properties"].get("Metrics", [])
        for body in resources("AWS::CloudWatch::Alarm").values()
        if body.get("Condition") not in {"HasMailer", "HasSecondFactor"}
    ]
    assert sum(len([each for each in told if "MetricStat" in each]) or 1 for told in alarms) == ALARM_METRICS
    always = {metric for metric in metrics() if metric[0] not in {"MailsNotSent", "FactorLocked", "PasskeyLogins"}}
    assert len(always) == METRICS  # two logs count into one of them
    assert len(resources("AWS::CloudWatch::Dashboard")) == DASHBOARDS
    secrets = resources("AWS::SecretsManager::Secret")
    assert [name for name, secret in secrets.items() if "Condition" not in secret] == ["KeyRingSecret"]
    assert watched_month() == pytest.approx(15 * 0.30 + 21 * 0.10 + 3)
    assert fixed_month() == pytest.approx(0.40 + 10 * 8640 * 0.05 / 10_000 + watched_month())


def test_tables_are_billed_by_the_request_and_under_the_managed_key() -> None:
    """The counts of units and KMS requests assume both."""
    for table in resources("AWS::DynamoDB::Table"):
        assert properties(table)["BillingMode"] == "PAY_PER_REQUEST"
        assert properties(table)["SSESpecification"] == {"SSEEnabled": True}


@pytest.mark.parametrize(
    ("count", "dollars"), [(0, 0), (333 * MILLION, 1165.5), (1000 * MILLION, 3033.1), (1001 * MILLION, 3035.48)]
)
def test_steps_cost_what_is_in_each(count: int, dollars: float) -> None:
    """API Gateway's tiers: 333 million at 3.50, 667 million at 2.80, the rest at 2.38."""
    assert tiered(count, REST_TIERS) == pytest.approx(dollars)


@pytest.mark.parametrize(
    ("plan", "users", "dollars"),
    [
        ("Lite", 10_000, 0),
        ("Lite", 100_000, 495),
        ("Lite", 950_000, 495 + 3910),
        ("Essentials", 10_001, 0.015),
        ("Essentials", 100_000, 1350),
        ("Plus", 1_000, 20),
    ],
)
def test_cognito_costs_what_its_examples_say(plan: str, users: int, dollars: float) -> None:
    """The examples have free users, and users in each tier. 850,000 Lite users at 0.0046 are an example of AWS."""
    assert tiered(users, COGNITO_PLANS[plan]) == pytest.approx(dollars)


def test_a_refresh_costs_the_sum_of_its_parts() -> None:
    """Computed by hand: half a GB for 15 ms and 1 % of 210 ms, one write, 1,043 bytes of log, 1,440 bytes out."""
    each = cost(REFRESH)

    assert each.compute == pytest.approx(0.20 + 0.5 * (0.015 + 0.0021) * 13.3334)
    assert each.dynamodb == pytest.approx(0.625 + 0.02 * 3)
    assert each.logs == pytest.approx((500 + 465 + 3 * 26) / 1000 * 0.5)
    assert each.transfer == pytest.approx(1440 / 1000 * 0.09)
    assert each.total == pytest.approx(each.without_gateway + 3.5)


def test_a_login_takes_seven_write_units_and_two_read_units() -> None:
    """Writes: three counters, and a transaction of two items that counts twice. Reads: the user, and the query."""
    assert LOGIN.units == (7, 2)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_a_route_behind_the_authorizer_pays_for_both(operation: Operation) -> None:
    """Only the authorizer's invocation and log are added."""
    bare, guarded = cost(operation._replace(behind="gateway")), cost(operation._replace(behind="authorizer"))
    authorize = cost(OPERATIONS[0])

    assert guarded.compute - bare.compute == pytest.approx(authorize.compute)
    assert guarded.logs - bare.logs == pytest.approx(authorize.logs)
    assert (guarded.dynamodb, guarded.transfer, guarded.gateway) == (bare.dynamodb, bare.transfer, bare.gateway)


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_a_month_is_its_users_and_the_idle_stack(profile: Profile) -> None:
    """This holds for few users. For many users, API Gateway's price is lower."""
    each = user_month(profile).total

    assert month(profile, 0) == fixed_month()
    assert month(profile, 1000) == pytest.approx(fixed_month() + 1000 * each)
    assert month(profile, 100 * MILLION) < 100 * MILLION * each


@pytest.mark.parametrize("plan", COGNITO_PLANS)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_break_even_is_the_first_number_of_users_that_costs_less(profile: Profile, plan: str) -> None:
    """One user fewer does not cost less. Without a break-even, a million users do not cost less."""
    users = break_even(profile, plan)

    if users is None:
        assert month(profile, MILLION - 1) >= tiered(MILLION - 1, COGNITO_PLANS[plan])
    else:
        assert month(profile, users) < tiered(users, COGNITO_PLANS[plan])
        assert month(profile, users - 1) >= tiered(users - 1, COGNITO_PLANS[plan])


def test_a_short_invocation_takes_a_tenth_of_a_second_of_the_quota() -> None:
    """1,000 refreshes of 15 ms keep 15 instances busy and take 100 of the quota. With 200 ms, they take 200."""
    slow = ASSUMED._replace(runs={**ASSUMED.runs, "refresh": ASSUMED.runs["refresh"]._replace(warm_ms=200)})

    assert (needs(1000).busy_instances, needs(1000).instance_quota) == (15, 100)
    assert (needs(1000, assumed=slow).busy_instances, needs(1000, assumed=slow).instance_quota) == (200, 200)


def test_the_quota_that_is_exceeded_most_comes_first() -> None:
    """A thousand refreshes a second alone reach no quota. A hundred thousand exceed a new table's quota most."""
    assert list(needs(1000).met) == []
    assert list(needs(100_000).met) == ["new table", "Lambda", "API Gateway", "table"]
    assert set(needs(1000, api_calls_a_refresh=API_CALLS_A_REFRESH).met) == {"Lambda", "API Gateway"}

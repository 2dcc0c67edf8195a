"""The page on cost and scale agrees with the arithmetic, the simulation and the template."""

import re
import shlex

import pytest

from admin.command import parser
from benchmarks.costs import scale
from benchmarks.costs.costs import (
    ASSUMED,
    AUTHORIZE,
    AWS,
    COGNITO_PLANS,
    MILLION,
    OPERATIONS,
    PROFILES,
    REFRESH,
    break_even,
    cost,
    dollars,
    fixed_month,
    log_bytes,
    user_month,
    watched_month,
)
from benchmarks.costs.quotas import API_CALLS_A_REFRESH, default, needs
from benchmarks.frame import report, results
from edge_auth.keys.timing import RING_AGE_SECONDS
from edge_auth.throttling.limits import DEAD_TOKEN_RATE, SOURCE_RATE
from tests.support.template import ROOT, functions, parameters, properties

DOCUMENT = scale.DOCUMENT.read_text(encoding="utf-8")
TEXT = " ".join(DOCUMENT.split())
NOW_AND_THEN, DAILY, ALWAYS_ON = PROFILES
MONTH_SECONDS = 30 * 86_400
READS_A_MONTH = MONTH_SECONDS / parameters()["RevocationSeconds"]["Default"]


def simulated(lag_seconds: int, switch: float) -> dict[str, int]:
    """Return the row of the simulation with this lag and this share of moves."""
    rows = results.read("two_regions")["figures"]["moving"]
    found: dict[str, int] = next(
        row for row in rows if (row["lag_seconds"], row["switch"], row["stay_home"]) == (lag_seconds, switch, False)
    )
    return found


def test_every_table_is_what_is_computed_today() -> None:
    """`make figures` changes nothing on the page."""
    assert scale.renewed(DOCUMENT) == DOCUMENT
    assert report.filled(DOCUMENT) == DOCUMENT


def test_the_page_has_every_table_once() -> None:
    """The page has every computed table once, and both tables of the simulation."""
    assert sorted(re.findall(r"<!-- table: (\w+) -->", DOCUMENT)) == sorted(scale.TABLES)
    assert sorted(re.findall(r"<!-- benchmarks: (\S+) -->", DOCUMENT)) == [
        "two_regions.failover_table",
        "two_regions.moving_table",
    ]


def test_an_edited_table_is_noticed() -> None:
    """A figure that was changed by hand is computed again."""
    edited = DOCUMENT.replace("| refresh | 1 | 1 |", "| refresh | 1 | 0 |")

    assert edited != DOCUMENT
    assert scale.renewed(edited) == DOCUMENT


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("read on {}", AWS["read_on"]),
        ("the dashboard of a stack: ${:.2f}, of which", fixed_month()),
        ("of which ${:.2f} are for watching it", watched_month()),
        ("`Dashboard=false` saves ${:.0f}.", dollars(dashboard_month=1)),
        ("some {:d} bytes", ASSUMED.platform_log_bytes),
        ("Argon2's 20 ms are {:.0f} cents", 100 * dollars(lambda_gb_second=MILLION * 1769 / 1024 * 0.02)),
        ("half a million reads in a month, {:.0f} cents at one unit each", 100 * dollars(read_unit=READS_A_MONTH)),
        ("one read for each request, {:.1f} cents a million", 100 * dollars(read_unit=MILLION)),
        ("{:.0f} % of invocations are taken", 100 * ASSUMED.cold_share),
        ("are {:.1f} cents, a third of them", 100 * user_month(ALWAYS_ON).total),
        ("{:,} API calls and a refresh each 15", ALWAYS_ON.api_calls),
        ("{:.1f} million users who refresh", 1000 * MONTH_SECONDS / DAILY.refreshes / MILLION),
        ("both quotas end at {:.0f} refreshes", default("API Gateway") / (1 + API_CALLS_A_REFRESH)),
        ("though only {:.0f} are busy", needs(default("Lambda") * 10).busy_instances),
        ("1,000 refreshes a second want {:.0f} instances", needs(1_000).starting_instances),
        ("10,000 want {:,.0f}, which the default does not give", needs(10_000).starting_instances),
        ("takes {:,} writes a second,** and then", default("new table")),
        ("grows a function, that is {:.0f} reads", default("Lambda's growth") / 10),
        ("{:.0f} MB/s are", 100_000 * log_bytes(REFRESH) / MILLION),
        ("are ${:.0f} an hour. We", dollars(log_byte=100_000 * 3600 * log_bytes(REFRESH))),
        ("DynamoDB takes {:,} writes", default("partition")),
        ("An hour of it costs us ${:.0f}", 1000 * 3600 * cost(REFRESH).total / MILLION),
        ("${:.2f} a million", cost(OPERATIONS[-1]).total),
        ("{:d} at once and 60 a minute", DEAD_TOKEN_RATE.burst),
        ("an office in the morning, {:d} a minute", SOURCE_RATE.attempts),
        ("one read an instance and {:.0f} minutes", RING_AGE_SECONDS / 60),
        ("instances of the default are {:,} requests", default("Lambda") * 10),
        ("{:d} sessions (at most 1,000)", parameters()["MaxSessionsPerUser"]["Default"]),
        ("one session in {:.0f} ends", 1000 / simulated(1, 0.01)["logged_out"]),
        ("one logout in {:.0f} is undone", 1000 / simulated(1, 0.01)["revived"]),
    ],
)
def test_numbers_in_the_text_are_computed(sentence: str, number: object) -> None:
    """Each number in the text is computed from the code."""
    assert sentence.format(number) in TEXT


def test_what_is_said_of_the_comparison_is_so() -> None:
    """A daily user costs 2/5 of Lite and 1/7 of Essentials; an always-on user more than any plan, 1/3 to authorize."""
    lite, essentials, plus = (steps[1 if len(steps) > 1 else 0][1] for steps in COGNITO_PLANS.values())
    alone = float(scale.users().splitlines()[-1].split("|")[-3])

    assert 0.35 < user_month(DAILY).total / lite < 0.45
    assert 0.13 < user_month(DAILY).total / essentials < 0.16
    assert user_month(ALWAYS_ON).total > plus
    assert 0.27 < ALWAYS_ON.api_calls * cost(AUTHORIZE).total / MILLION / user_month(ALWAYS_ON).total < 0.37
    assert 2 * lite < alone < essentials
    assert 200_000 < (break_even(ALWAYS_ON, "Plus") or 0) < 300_000
    assert f"{100 * alone:.1f} cents: still more than twice" in TEXT


def test_only_argon2_and_an_end_of_a_session_cost_more_than_api_gateway() -> None:
    """For every other request the fee of API Gateway is the largest part."""
    dear = {operation.function for operation in OPERATIONS if cost(operation).without_gateway > 3.5}

    assert dear == {"login", "password", "sessions", "logout"}


def test_lambda_is_quiet_about_the_authorizers_only() -> None:
    """The costs assume that Lambda writes its own log lines for every function except the authorizers."""
    quiet = {name for name, function in functions().items() if "SystemLogLevel" in function["LoggingConfig"]}

    assert quiet == ASSUMED.quiet
    assert functions()["authorizer"]["LoggingConfig"]["SystemLogLevel"] == "WARN"


def test_the_template_has_no_alias_and_the_throttle_of_the_page() -> None:
    """The page advises an alias, which the template does not have, and says what its throttle lets through."""
    throttle = parameters()["PublicRequestsPerSecond"]

    assert "DeploymentPreference" not in properties("RefreshFunction")
    assert f"`PublicRequestsPerSecond` lets {throttle['Default']:,} requests a second through" in TEXT
    assert f"up to {throttle['MaxValue']:,}." in TEXT


def test_commands_of_the_page_are_ones_that_there_are() -> None:
    """The command's own parser accepts each command of the page."""
    commands = re.findall(r"`\./edge-auth ([^`]+)`", TEXT)

    assert commands
    for command in commands:
        assert callable(parser().parse_args(shlex.split(command)).act)


def test_links_lead_somewhere() -> None:
    """Each link within the project leads to a file, and the README links to the page."""
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", DOCUMENT) if "://" not in link]

    assert links
    assert all((scale.DOCUMENT.parent / link).exists() for link in links)
    assert "(docs/scale.md)" in (ROOT / "README.md").read_text(encoding="utf-8")

"""The benchmark of what a request for a reset reveals, on moto."""

from benchmarks.frame.samples import p_value, summary
from benchmarks.requests.account_times import DISABLED_NAME, KNOWN, UNCONFIRMED_NAME, UNKNOWN, asked, table
from benchmarks.requests.deployment import Deployment
from tests.support.dynamodb.tables import items


def test_names_of_each_kind_ask_in_turn(deployment: Deployment) -> None:
    """SM3: as often, and mails go to the known user and to the one who registered."""
    times = asked(deployment, 3)

    assert {name: len(values) for name, values in times.items()} == dict.fromkeys(
        (KNOWN, UNKNOWN, DISABLED_NAME, UNCONFIRMED_NAME), 3
    )
    stored = items(deployment.client, deployment.tables["ChallengesTable"])
    assert len(stored) == 12
    assert sum(1 for item in stored if "deliver" in item) == 6


def test_the_table_has_the_gap_and_the_rank_test() -> None:
    """The gap is that of the medians."""
    known, unknown = [1.0, 2.0, 3.0], [2.0, 4.0, 6.0]
    figures = {
        name: {**summary(values), "p_value": p_value(known, values)}
        for name, values in ((KNOWN, known), (UNKNOWN, unknown))
    }
    lines = table(figures).splitlines()
    assert lines[2].startswith(f"| {KNOWN} | 2.0 |")
    assert "| +100.0% |" in lines[3]

"""The benchmark of what a request for a reset reveals, on moto."""

from benchmarks.frame.samples import p_value, summary
from benchmarks.requests.account_times import KINDS, KNOWN, UNKNOWN, asked, table
from benchmarks.requests.deployment import Deployment
from tests.support.dynamodb.tables import items


def test_names_of_four_kinds_ask_in_turn(deployment: Deployment) -> None:
    """SM3: each round has one of each, and one of them is a user to whom a mail goes."""
    times = asked(deployment, 3)

    assert {name: len(values) for name, values in times.items()} == dict.fromkeys(KINDS, 3)
    stored = items(deployment.client, deployment.tables["ChallengesTable"])
    assert len(stored) == 12
    assert sum(1 for item in stored if "deliver" in item) == 3


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

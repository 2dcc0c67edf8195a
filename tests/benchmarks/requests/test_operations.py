"""The counts of each operation, and the report on them."""

from typing import Any

import pytest
from moto import mock_aws

from benchmarks.requests import operations
from benchmarks.requests.deployment import deployed

Counts = dict[str, dict[str, Any]]


def row(requests_sent: int, **others: float) -> dict[str, Any]:
    """Return the counts of an operation."""
    nothing = {"read_units": 0.0, "write_units": 0.0, "refused": 0, "secret_requests": 0, "argon2": 0}
    return {"requests": requests_sent, "operations": {"GetItem": requests_sent}, **nothing, **others}


OPERATIONS = {
    "refresh, rotated": {**row(1, write_units=1.0), "operations": {"UpdateItem": 1}},
    "refresh, forged": row(0),
    "login": row(6, argon2=1),
    "logout": row(1, write_units=1.0),
}


@pytest.fixture(scope="module")
def counted() -> Counts:
    """Return the counts of all operations, on moto."""
    with mock_aws(), deployed(None) as deployment:
        return operations.counts(deployment)


def test_every_operation_is_counted_at_the_wire(counted: Counts) -> None:
    """The counts are those that the functional tests require, counted by other means."""
    sent = {name: counts["requests"] for name, counts in counted.items()}
    assert sent["refresh, rotated"] == sent["refresh, coalesced"] == sent["refresh, converged"] == 1
    assert sent["refresh, forged"] == 0
    assert sent["refresh, after logout"] == 3
    assert sent["refresh, reused"] == 4
    assert sent["logout"] == 2
    assert sent["list of 10 sessions"] == 1
    assert sent["logout of all 10 sessions"] == 17
    assert counted["login"]["operations"] == {"GetItem": 1, "Query": 1, "TransactWriteItems": 1, "UpdateItem": 3}


def test_only_a_cold_function_asks_for_the_key_ring(counted: Counts) -> None:
    """It asks once, and the next request finds the key ring in memory."""
    asking = {name for name, counts in counted.items() if counts["secret_requests"]}
    assert asking == {"login, cold", "refresh, cold", "logout, cold"}
    assert counted["login, cold"]["secret_requests"] == 1


def test_hashes_of_passwords_are_counted(counted: Counts) -> None:
    """A login needs one, with a right or a wrong password. A throttled login needs none. A new password needs two."""
    hashes = {name: counts["argon2"] for name, counts in counted.items()}

    assert (hashes["login"], hashes["login, wrong password"], hashes["login, throttled"]) == (1, 1, 0)
    assert hashes["new password, ends 9 sessions"] == 2
    assert hashes["registration"] == 1
    assert hashes["refresh, rotated"] == hashes["logout"] == 0


def test_the_reads_of_an_authorizer_are_counted() -> None:
    """Each is one request, whatever it finds."""
    with mock_aws(), deployed(None) as deployment:
        read = operations.counts_of_reads(deployment)

    assert [row["operations"] for row in read.values()] == [{"Query": 1}] * 2
    assert read[operations.FIRST_READ]["read_units"] > 0


def test_what_the_feed_costs_is_counted_beside_its_absence(counted: Counts) -> None:
    """Every operation that ends sessions has a row without the feed, and the difference is within its budget."""
    for name, budget in operations.FEED_BUDGETS.items():
        assert 0 < counted[name]["requests"] - counted[f"{name}{operations.WITHOUT_FEED}"]["requests"] <= budget


def test_a_feed_that_costs_too_much_is_said() -> None:
    """The requests beyond those without the feed have a budget."""
    counts = {**OPERATIONS, "logout": row(3), "logout, without the feed": row(1)}

    text = operations.table({"engine": "an engine", "operations": counts, "peers": {}})

    assert "logout, requests for the feed: 2 of 1" in text
    assert "logout, requests: 3 of 2" in text


def test_a_budget_that_is_not_kept_is_said() -> None:
    """The report has its count. Of the kept budgets it has only the number."""
    figures = {
        "engine": "an engine",
        "operations": {**OPERATIONS, "login": {**OPERATIONS["login"], "requests": 7}},
        "peers": {"OpenAuth": {**row(3), "reads": 1, "writes": 2, "how": "its pattern, run"}},
    }

    text = operations.table(figures)

    assert "Budgets kept: 6 of 7. Not kept: login, requests: 7 of 6." in text
    assert "| **edge-auth** | 0 | 1 | 0 | 1 | run |" in operations.refresh_table(figures)
    assert "| OpenAuth | 1 | 2 | 0 | 0 | its pattern, run |" in operations.refresh_table(figures)
    assert "milliseconds are this engine's" in text

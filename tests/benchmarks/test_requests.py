"""What is counted of each operation, and what is said of it."""

from typing import Any

import pytest
from moto import mock_aws

from benchmarks import requests
from benchmarks.deployment import Deployment, deployed
from benchmarks.engine import Engine

Counts = dict[str, dict[str, Any]]
ENGINE = Engine("an engine", "http://127.0.0.1:9", None)


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
    """Return what is counted of all operations, on moto."""
    with mock_aws(), deployed(None) as deployment:
        return requests.operations_of(deployment)


def test_every_operation_is_counted_at_the_wire(counted: Counts) -> None:
    """The numbers that the functional tests demand too, counted by other means."""
    sent = {name: counts["requests"] for name, counts in counted.items()}
    assert sent["refresh, rotated"] == sent["refresh, coalesced"] == sent["refresh, converged"] == 1
    assert sent["refresh, forged"] == 0
    assert sent["refresh, after logout"] == 2
    assert sent["refresh, reused"] == 3
    assert sent["logout"] == 1
    assert sent["list of 10 sessions"] == 1
    assert sent["logout of all 10 sessions"] == 14
    assert counted["login"]["operations"] == {"GetItem": 1, "Query": 1, "TransactWriteItems": 1, "UpdateItem": 3}


def test_only_a_cold_function_asks_for_the_key_ring(counted: Counts) -> None:
    """Once, and the next request finds it in memory."""
    asking = {name for name, counts in counted.items() if counts["secret_requests"]}
    assert asking == {"login, cold", "refresh, cold", "logout, cold"}
    assert counted["login, cold"]["secret_requests"] == 1


def test_hashes_of_passwords_are_counted(counted: Counts) -> None:
    """One for a login, right or wrong; none where it is throttled; two for a new password: check and hash."""
    hashes = {name: counts["argon2"] for name, counts in counted.items()}

    assert (hashes["login"], hashes["login, wrong password"], hashes["login, throttled"]) == (1, 1, 0)
    assert hashes["new password, ends 9 sessions"] == 2
    assert hashes["registration"] == 1
    assert hashes["refresh, rotated"] == hashes["logout"] == 0


def test_the_refreshes_of_others_are_run_as_their_sources_have_them(deployment: Deployment) -> None:
    """Reads and writes of OpenAuth and of SuperTokens; the others' are quoted."""
    peers = requests.peers_on(deployment)

    assert peers["OpenAuth"]["operations"] == {"GetItem": 1, "PutItem": 2}
    assert peers["SuperTokens"]["operations"] == {"GetItem": 2, "PutItem": 1}
    assert peers["Ory Hydra"] == {"reads": "at least 3", "writes": "4", "how": "quoted, not run"}


def test_a_budget_that_is_not_kept_is_said() -> None:
    """With what was counted; the others are only numbered."""
    figures = {
        "engine": "an engine",
        "operations": OPERATIONS,
        "budgets": requests.budgets(OPERATIONS),
        "peers": {"OpenAuth": {**row(3), "reads": 1, "writes": 2, "how": "its pattern, run"}},
    }

    text = requests.table(figures)

    assert "Budgets kept: 6 of 7. Not kept: login, requests: 6 of 3." in text
    assert "| **edge-auth** | 0 | 1 | 0 | 1 | run |" in requests.refresh_table(figures)
    assert "| OpenAuth | 1 | 2 | 0 | 0 | its pattern, run |" in requests.refresh_table(figures)
    assert "milliseconds are this engine's" in text


def test_what_was_left_out_is_said_in_the_place_of_a_table() -> None:
    """And nothing fails."""
    assert requests.table({"left_out": "no engine"}) == "Left out: no engine."
    assert requests.refresh_table({"left_out": "no engine"}) == "Left out: no engine."


def test_the_engine_is_asked_and_not_moto(monkeypatch: pytest.MonkeyPatch) -> None:
    """`measure` runs what it counts on the engine that there is."""
    asked: list[str | None] = []

    def deployed(endpoint: str | None) -> None:
        asked.append(endpoint)
        raise KeyboardInterrupt

    monkeypatch.setattr(requests, "deployed", deployed)

    with pytest.raises(KeyboardInterrupt):
        requests.counted_on(ENGINE)

    assert asked == ["http://127.0.0.1:9"]

"""The benchmark of what a refused login reveals, on moto."""

from unittest.mock import MagicMock, patch

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from benchmarks.frame.samples import summary
from benchmarks.requests import events, login_times
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.events import TOO_MANY
from benchmarks.requests.functions import running
from benchmarks.requests.login_times import KINDS, WAITING, compared, refused, table
from benchmarks.requests.waits import let_wait
from edge_auth.credentials import passwords
from tests.support.dynamodb.tables import items

ROUNDS = 2
CHECKED, *_ = KINDS
WAITS, NOBODY_WAITS = WAITING


@pytest.fixture(autouse=True)
def no_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Return the times of all rounds."""
    monkeypatch.setattr(login_times, "WARM_UP", 0)


def test_four_kinds_are_refused_in_turn_after_a_hash(deployment: Deployment) -> None:
    """P8: also where there is no user, or no hash that could be checked."""
    with patch.object(passwords, "Argon2id", MagicMock(wraps=Argon2id)) as computed:
        times = refused(deployment, ROUNDS, KINDS)

    assert {kind: len(values) for kind, values in times.items()} == dict.fromkeys(KINDS, ROUNDS)
    assert computed.verify_phc_encoded.call_count == ROUNDS * len(KINDS)


def test_users_and_others_wait_in_turn_without_a_hash(deployment: Deployment) -> None:
    """P8: each attempt is answered with 429, or the benchmark ends."""
    with patch.object(passwords, "Argon2id", MagicMock(wraps=Argon2id)) as computed:
        times = refused(deployment, ROUNDS, WAITING, status=TOO_MANY)

    assert {kind: len(values) for kind, values in times.items()} == dict.fromkeys(WAITING, ROUNDS)
    assert computed.mock_calls == []


def test_an_attempt_that_waits_changes_nothing_that_is_measured(deployment: Deployment) -> None:
    """It waits for a quarter of an hour, longer than the benchmark takes, and its counter stays as it is."""
    let_wait(deployment, ["eve"])
    before = counters_with_failures(deployment)

    with running(deployment) as functions:
        answer = functions.start("login").answer(events.login("eve"))

    assert 900 < int(answer["headers"]["Retry-After"]) <= 960
    assert counters_with_failures(deployment) == before


def test_an_answer_of_another_kind_ends_the_benchmark(deployment: Deployment) -> None:
    """Its time would be compared with those of waits."""
    with (
        patch.object(login_times, "let_wait"),
        pytest.raises(RuntimeError, match="not 429"),
    ):
        refused(deployment, ROUNDS, WAITING, status=TOO_MANY)


@pytest.mark.parametrize(
    ("waits_ms", "gap", "held"), [(100.0, "+0.0%", "held"), (101.9, "+1.9%", "held"), (102.0, "+2.0%", "not held")]
)
def test_the_table_compares_those_who_wait_with_each_other(waits_ms: float, gap: str, held: str) -> None:
    """The budget is of the gaps of the medians."""
    checked = compared({CHECKED: [30.0, 30.0]})
    waiting = {WAITS: {**summary([100.0] * 2), "p_value": 1.0}, NOBODY_WAITS: {**summary([waits_ms] * 2), "p_value": 1}}
    text = table({**checked, **waiting})

    assert f"| {WAITS} | 100.0 | 100.0 to 100.0 | +0.0% | 1.00 |" in text
    assert f"| {gap} | 1.00 |\n\n2 of each." in text
    assert text.endswith(f", {held}.")


@pytest.mark.parametrize(("p_value", "held"), [(0.011, "held"), (0.01, "not held")])
def test_the_table_says_whether_the_ranks_differ(p_value: float, held: str) -> None:
    """Also where the medians are the same."""
    row = {**summary([30.0, 30.0]), "p_value": p_value}

    assert table({CHECKED: row}).endswith(f"p above 0.01, {held}.")


def counters_with_failures(deployment: Deployment) -> list[object]:
    """Return the counters of passwords. Those of sources count every request."""
    return [item for item in items(deployment.client, deployment.tables["ThrottleTable"]) if "failed" in item]

"""The simulation of two Regions: its results that do not depend on the exact numbers."""

import random
from typing import Any

import pytest

from benchmarks.costs import two_regions
from benchmarks.costs.two_regions import FIRST_SESSION, FIRST_TOKEN, HOME, OTHER, Holder, Replicas, is_revived
from edge_auth.sessions.rotation_rule import Outcome
from tests.support.template import parameters

SLOW = 1_000_000.0  # with this mean lag, no write arrives in time


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    """Return the figures of a small run."""
    return dict(two_regions.measure(quick=True))


def replicas(lag_seconds: float, *, stay_home: bool = False) -> Replicas:
    """Return a session in two Regions."""
    return Replicas(random.Random(1), lag_seconds, stay_home=stay_home)  # noqa: S311 - a simulation, not a secret


def holder(both: Replicas, region: int) -> Holder:
    """Return a client with the first token. It stays in one Region."""
    return Holder(both, 0, region=region)


def test_at_home_no_user_is_logged_out_and_no_session_lives_again(figures: dict[str, Any]) -> None:
    """This holds for every lag, and for requests that arrive in either Region."""
    home = [row for row in (*figures["moving"], *figures["failover"]) if row["stay_home"]]

    assert len(home) == 2
    assert {row["logged_out"] for row in home} == {0}
    assert home[0]["revived"] == home[0]["thief"] == 0


def test_at_home_every_client_waits_for_a_lost_region(figures: dict[str, Any]) -> None:
    """No client can refresh before the Region is back. Then all clients can."""
    assert figures["failover"][-1]["waits"] == figures["sessions"]
    assert figures["failover"][0]["waits"] == 0


def test_without_a_lag_two_regions_are_one(figures: dict[str, Any]) -> None:
    """The rotation rule holds as it does with one table."""
    instant = [row for row in (*figures["moving"], *figures["failover"]) if row["lag_seconds"] == 0]

    assert len(instant) == len(two_regions.SWITCHES) + 1
    assert all(row["logged_out"] == row.get("revived", 0) == row.get("thief", 0) == 0 for row in instant)


def test_with_a_lag_honest_users_are_logged_out_and_ended_sessions_live(figures: dict[str, Any]) -> None:
    """This happens in every row with a lag of ten seconds or more. A lost Region also loses its last rotations."""
    lagging = [row for row in figures["moving"] if row["lag_seconds"] >= 10 and not row["stay_home"]]

    assert lagging
    assert all(row["logged_out"] > 0 and row["revived"] > 0 for row in lagging)
    assert figures["failover"][-2]["logged_out"] > 0


def test_a_thief_is_caught_in_the_end(figures: dict[str, Any]) -> None:
    """If a browser and a thief refresh with one token for hours, the thief is refused in the end, in any Region."""
    assert {row["thief"] for row in figures["moving"]} == {0}


def test_a_thief_in_one_region_would_be_noticed_if_the_rule_were_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zero of the test above is meaningful: with a rule that accepts every token, the thief stays."""
    monkeypatch.setattr(two_regions, "decide", lambda *_, **__: Outcome.CONVERGED)

    assert two_regions.has_thief(replicas(0), 0)


def test_the_same_token_in_both_regions_gets_the_same_successor() -> None:
    """Successors are derived from the token. Both Regions rotate to the same one, and both accept it later."""
    both = replicas(0.001)
    here, there = holder(both, HOME), holder(both, OTHER)
    both.lag_seconds = SLOW

    assert (here.refresh(100), there.refresh(100)) == (Outcome.ROTATED, Outcome.ROTATED)
    assert here.token == there.token
    assert (here.refresh(200), there.refresh(201)) == (Outcome.ROTATED, Outcome.ROTATED)


def test_a_region_that_does_not_know_a_rotation_yet_refuses_its_token() -> None:
    """The Region answers it as a token that is ahead of the table."""
    both = replicas(SLOW)
    client = holder(both, HOME)
    client.refresh(100)
    client.region = OTHER

    assert client.refresh(101) is Outcome.AHEAD


def test_a_later_rotation_elsewhere_undoes_an_end() -> None:
    """F32: the last writer wins the whole item, so an ended session is alive again in both Regions."""
    both = replicas(1)
    both.end(HOME, 100)

    assert both.refresh(FIRST_TOKEN, OTHER, 100.0001) is Outcome.ROTATED
    successor = FIRST_TOKEN.of_generation(FIRST_TOKEN.generation + 1)
    assert both.refresh(successor, HOME, 5000) is Outcome.ROTATED
    assert both.refresh(successor.of_generation(successor.generation + 1), OTHER, 9000) is Outcome.ROTATED


def test_an_end_that_comes_last_stays() -> None:
    """An earlier rotation in the other Region does not undo the end."""
    both = replicas(1)
    both.refresh(FIRST_TOKEN, OTHER, 99.9999)
    both.end(HOME, 100)

    successor = FIRST_TOKEN.of_generation(FIRST_TOKEN.generation + 1)
    assert both.refresh(successor, OTHER, 5000) is Outcome.REVOKED
    assert both.refresh(successor, HOME, 5000) is Outcome.REVOKED


def test_an_ended_session_of_one_region_stays_ended() -> None:
    """The stolen phone tries many times, without success."""
    assert not any(is_revived(Replicas(random.Random(seed), 0), 0.5) for seed in range(20))  # noqa: S311 - as above


def test_a_run_can_be_repeated(figures: dict[str, Any]) -> None:
    """The same seeds give the same figures."""
    assert two_regions.measure(quick=True) == figures


def test_times_are_the_templates() -> None:
    """The grace window, the tokens and the sessions last as long as the template's defaults."""
    names = ("RotationGraceSeconds", "LateRetryHours", "AccessTokenSeconds", "RefreshIdleDays", "RefreshAbsoluteDays")
    defaults = {name: parameters()[name]["Default"] for name in names}

    assert defaults["RotationGraceSeconds"] == two_regions.GRACE_SECONDS
    assert defaults["LateRetryHours"] * 3600 == two_regions.LATE_RETRY_SECONDS
    assert defaults["AccessTokenSeconds"] == two_regions.ACCESS_TOKEN_SECONDS
    assert defaults["RefreshIdleDays"] * 86_400 == FIRST_SESSION.idle_expires_at_seconds
    assert defaults["RefreshAbsoluteDays"] * 86_400 == FIRST_SESSION.absolute_expires_at_seconds

"""The ten minutes without a service: the short form, and that it can fail."""

import io
from typing import Any

import pytest

from edge_auth.adapters.key_ring_secret import SecretKeyRing
from edge_auth.authorizer.ended_sessions import EndedSessions
from proof.frame.results import Figures
from proof.frame.run import SHORT, Run
from proof.outages import ten_minutes


def run(monkeypatch: pytest.MonkeyPatch | None = None, only: str = "") -> Figures:
    """Go through all outages, or through one."""
    if monkeypatch is not None:
        monkeypatch.setattr(ten_minutes, "OUTAGES", {only: ten_minutes.OUTAGES[only]})
    return ten_minutes.prove(Run("ten_minutes", SHORT, screen=io.StringIO()))


def test_what_is_warm_goes_on_and_all_else_comes_back() -> None:
    """DC-3, K6, Z18: authorizers decide rightly all the time, and no function has to be started again."""
    figures = run()

    assert ten_minutes.broken(figures) == []
    assert {name: counts["steps"] for name, counts in figures.counts.items()} == dict.fromkeys(ten_minutes.OUTAGES, 6)
    assert all(counts["decisions"] == 21 for counts in figures.counts.values())


def test_an_authorizer_that_forgets_in_an_outage_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """Z18: a token of an ended session would be accepted again."""
    monkeypatch.setattr(EndedSessions, "decides", lambda *_: True)

    assert "DynamoDB: 7 decisions of a warm authorizer were wrong" in ten_minutes.broken(run(monkeypatch, "DynamoDB"))


def test_a_function_that_needs_its_keys_each_time_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """K6: every login and refresh would fail with Secrets Manager."""
    load = SecretKeyRing.load

    def without_memory(ring: Any) -> Any:  # noqa: ANN401 - the port's own types
        ring._ring = None
        return load(ring)

    monkeypatch.setattr(SecretKeyRing, "load", without_memory)

    [sentence] = ten_minutes.broken(run(monkeypatch, "Secrets Manager"))
    assert sentence == "Secrets Manager: 12 refreshes and logins had another status than planned"


def test_each_promise_can_be_broken() -> None:
    """A promise that no figure can break is none."""
    kept = dict.fromkeys(ten_minutes.NAMES, 0)

    assert ten_minutes.broken(Figures({"both": kept})) == []
    for name, sentence in ten_minutes.PROMISES.items():
        assert ten_minutes.broken(Figures({"both": {**kept, name: 3}})) == [f"both: 3 {sentence}"]

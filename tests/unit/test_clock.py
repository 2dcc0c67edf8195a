"""The wall clock, and pauses."""

import time

import pytest

from edge_auth.clock import now_ms, pause


def test_time_is_in_whole_milliseconds_since_1970(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is truncated and not rounded up, so no session rotates in the future."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_123_999_999)
    assert now_ms() == 1_800_000_000_123


def test_a_pause_waits_for_its_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A use case gets it as an argument, so that a test need not wait."""
    waited: list[float] = []
    monkeypatch.setattr(time, "sleep", waited.append)
    pause(0.25)
    assert waited == [0.25]

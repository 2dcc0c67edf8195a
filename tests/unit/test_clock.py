"""The wall clock."""

import time

import pytest

from edge_auth.clock import now_ms


def test_time_is_in_whole_milliseconds_since_1970(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time is truncated and not rounded up, so no session rotates in the future."""
    monkeypatch.setattr(time, "time_ns", lambda: 1_800_000_000_123_999_999)
    assert now_ms() == 1_800_000_000_123

"""The wall clock, and pauses, for the functions and the operators' command. Other code gets both as arguments."""

import time

__all__ = ["now_ms"]


def now_ms() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def pause(seconds: float) -> None:
    """Wait for this many seconds."""
    time.sleep(seconds)

"""The wall clock, for the functions and the operators' command. All other code gets the time as an argument."""

import time


def now_ms() -> int:
    """Return the milliseconds since 1970."""
    return time.time_ns() // 1_000_000

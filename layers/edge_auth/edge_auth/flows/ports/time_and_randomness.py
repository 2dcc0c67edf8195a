"""The clock, pauses and the source of randomness, as arguments."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Returns the milliseconds since 1970."""

Entropy = Callable[[int], bytes]
"""Takes a number, and returns that many random bytes."""

Pause = Callable[[float], None]
"""Waits for this many seconds."""

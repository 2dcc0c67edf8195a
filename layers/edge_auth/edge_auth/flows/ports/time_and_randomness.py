"""The clock and the source of randomness, as arguments."""

from collections.abc import Callable

Clock = Callable[[], int]
"""Milliseconds since 1970."""

Entropy = Callable[[int], bytes]
"""So many random bytes."""

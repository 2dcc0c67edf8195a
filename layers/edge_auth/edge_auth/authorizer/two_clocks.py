"""Time by two clocks, because Lambda may freeze a function between two requests.

In a freeze one of the clocks may stand still, and the wall clock may be set. So an age is the larger of two.
"""

from collections.abc import Callable
from math import inf
from typing import NamedTuple


class Moment(NamedTuple):
    """What the two clocks showed at one time, in seconds. `wall` is since 1970."""

    monotonic: float
    wall: float


class Clocks(NamedTuple):
    """The two clocks. Each returns seconds."""

    monotonic: Callable[[], float]
    wall: Callable[[], float]

    def now(self) -> Moment:
        """Return what both clocks show."""
        return Moment(self.monotonic(), self.wall())


def age_seconds(since: Moment, now: Moment) -> float:
    """Return how long ago a moment was, by the clock that says more. A clock that was set back says: for ever."""
    by_monotonic, by_wall = now.monotonic - since.monotonic, now.wall - since.wall
    return inf if by_monotonic < 0 or by_wall < 0 else max(by_monotonic, by_wall)

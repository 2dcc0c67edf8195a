"""What two inputs cost, one of twice the size of the other, and whether that grows too fast."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
MAX_GROWTH = 3.0  # 2 is linear, and 4 is the square
FLOOR_MS = 1.0
_REPETITIONS = 4
_MEASURED_AGAIN = 5  # times, if a pair grows too fast: other programs make one of its inputs slower, and not each time


def of_pair(cost: Callable[[T], float], small: T, large: T) -> tuple[float, float]:
    """Return what both inputs cost. One that grows too fast does so each time that it is measured."""
    costs = cost(small), cost(large)
    for _ in range(_MEASURED_AGAIN):
        if not is_too_steep(*costs):
            break
        costs = cost(small), cost(large)
    return costs


def is_too_steep(small_ms: float, large_ms: float) -> bool:
    """Return whether a cost is more than linear. What takes less than a millisecond is no attack."""
    return large_ms >= FLOOR_MS and large_ms > small_ms * MAX_GROWTH


def cpu_ms(act: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
    """Return the shortest CPU time of some calls. What is called before each one takes none."""
    times = []
    for _ in range(_REPETITIONS):
        before()
        begin = time.thread_time_ns()
        act()
        times.append(time.thread_time_ns() - begin)
    return min(times) / 1_000_000

"""The CPU time of many calls, without the pauses of the machine."""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TypeVar

Result = TypeVar("Result")

_STEP_NS = 10_000  # times are counted in steps of 10 µs
_SLOW_NS = 1_000_000
_REPETITIONS = 5


class CpuTimes:
    """Counts calls by their CPU time.

    A call of more than 1 ms is made five times more, and its fastest counts. What an input costs, it costs each time;
    a search for garbage, or another program on the machine, is not its fault.
    """

    def __init__(self, counted: Mapping[str, int] | None = None) -> None:
        """Begin with what `counted` of others returned, or with nothing."""
        self._steps = Counter({int(step): count for step, count in (counted or {}).items()})

    def call(self, act: Callable[[], Result]) -> Result:
        """Return what `act` returns. It may be called several times, so its calls must be equal."""
        result, cpu_ns = _timed(act)
        if cpu_ns > _SLOW_NS:
            cpu_ns = min(cpu_ns, *(_timed(act)[1] for _ in range(_REPETITIONS)))
        self._steps[cpu_ns // _STEP_NS] += 1
        return result

    def counted(self) -> dict[str, int]:
        """Return the number of calls of each time, as JSON can hold them."""
        return {str(step): count for step, count in sorted(self._steps.items())}

    def milliseconds(self) -> dict[str, float]:
        """Return the median, the 99th percentile and the longest time. Each is at most 0.01 ms too long."""
        return {"p50_ms": self._quantile(0.5), "p99_ms": self._quantile(0.99), "max_ms": self._quantile(1.0)}

    def _quantile(self, share: float) -> float:
        steps = sorted(self._steps.elements())
        step = steps[min(int(share * len(steps)), len(steps) - 1)]
        return round((step + 1) * _STEP_NS / 1_000_000, 2)


def _timed(act: Callable[[], Result]) -> tuple[Result, int]:
    begin = time.thread_time_ns()
    result = act()
    return result, time.thread_time_ns() - begin

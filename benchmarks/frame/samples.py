"""Samples of calls that are measured in turn, and their summaries.

Each turn runs one batch of each call, in a new random order, so that other load on the machine affects all of them
alike. It gives one ratio. The median of the ratios is reported with its quartiles. The clock is the CPU time of this
thread, so that other processes do not count. The garbage collector stays on, as in Lambda.
"""

import gc
import math
import random
import statistics
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from timeit import Timer
from typing import Any

BATCH_MS = 3  # long compared with the clock's resolution, short compared with other load on the machine
SEED = 1
Z_95 = 1.96  # the normal distribution has 95 % within so many standard deviations

Act = Callable[[], object]


def in_turn(acts: Mapping[str, Act], *, rounds: int) -> dict[str, list[float]]:
    """Return the microseconds of one call of each act: one value for each round, the mean of its batch."""
    sizes = {name: _batch_size(act) for name, act in acts.items()}
    times: dict[str, list[float]] = {name: [] for name in acts}
    order = list(acts)
    chance = random.Random(SEED)  # noqa: S311 - an order, not a secret
    for _ in range(rounds):
        chance.shuffle(order)
        for name in order:
            times[name].append(_seconds(acts[name], sizes[name]) / sizes[name] * 1e6)
    return times


def compared(times: Mapping[str, list[float]], reference: str) -> dict[str, Any]:
    """Return the summary of each act, with the `ratio` of its rounds to those of the reference."""
    return {name: {**summary(values), "ratio": ratio(values, times[reference])} for name, values in times.items()}


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return `median`, `p5`, `p95` and `count` of at least two values, in their own unit."""
    low, *_, high = (round(ventile, 4) for ventile in statistics.quantiles(values, n=20, method="inclusive"))
    return {"median": round(statistics.median(values), 4), "p5": low, "p95": high, "count": len(values)}


def ratio(values: Sequence[float], references: Sequence[float]) -> dict[str, float]:
    """Return the `median`, `p25` and `p75` of the ratios of the pairs. Raises ValueError: a value has no reference."""
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": round(middle, 3), "p25": round(low, 3), "p75": round(high, 3)}


def gap(values: Sequence[float], references: Sequence[float]) -> dict[str, float]:
    """Return the `median` of the differences of the pairs, and its interval of 95 %: from `low` to `high`.

    The interval assumes nothing about the distribution (order statistics of the sign test, by the normal
    approximation). Raises ValueError: a value has no reference.
    """
    differences = sorted(value - reference for value, reference in zip(values, references, strict=True))
    count = len(differences)
    low = max(0, math.floor((count - Z_95 * math.sqrt(count)) / 2))
    bounds = {"low": differences[low], "high": differences[count - 1 - low]}
    return {"median": round(statistics.median(differences), 4), **{of: round(each, 4) for of, each in bounds.items()}}


def p_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the probability of ranks at least this different if the samples do not differ (Mann-Whitney).

    The test assumes nothing about the distributions. It is two-sided, by the normal approximation, which is good from
    about 20 values on each side. Ties share the mean of their ranks.
    """
    values = [*first, *second]
    ordered = sorted(values)
    if ordered[0] == ordered[-1]:
        return 1.0
    ranks = [bisect_left(ordered, value) + bisect_right(ordered, value) for value in values]  # twice the mean rank
    sides = [0] * len(first) + [1] * len(second)
    # The test's z, with the correction for ties, is the correlation of ranks and sides times the root of n - 1.
    return math.erfc(abs(statistics.correlation(ranks, sides)) * math.sqrt((len(values) - 1) / 2))


def _batch_size(act: Act) -> int:
    """Return how many calls fill a batch. The first batch warms up, and the second one is timed."""
    size = 1
    while (seconds := _seconds(act, size)) * 1000 < BATCH_MS / 2:
        size *= 2
    seconds = _seconds(act, size)
    return max(1, round(size * BATCH_MS / 1000 / seconds))


def _seconds(act: Act, calls: int) -> float:
    # `timeit` turns the garbage collector off before it calls the set-up, which turns it on again.
    return Timer(act, gc.enable, time.thread_time).timeit(calls)

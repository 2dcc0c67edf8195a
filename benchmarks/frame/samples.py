"""Summaries of samples: median and spread, ratios of pairs, and a test whether two samples differ.

The compared calls are measured in turn, so that other load on the machine affects all of them alike. Each turn gives
one ratio. The median of the ratios is reported with its quartiles.
"""

import math
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Sequence


def summary(values: Sequence[float]) -> dict[str, float]:
    """Return `median`, `p5`, `p95` and `count` of at least two values, in their own unit."""
    ventiles = statistics.quantiles(values, n=20, method="inclusive")
    return {
        "median": round(statistics.median(values), 4),
        "p5": round(ventiles[0], 4),
        "p95": round(ventiles[-1], 4),
        "count": len(values),
    }


def ratio(values: Sequence[float], references: Sequence[float]) -> dict[str, float]:
    """Return the `median`, `p25` and `p75` of the ratios of pairs that were measured one after the other.

    Raises:
        ValueError: the numbers of values and references differ.

    """
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": round(middle, 3), "p25": round(low, 3), "p75": round(high, 3)}


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

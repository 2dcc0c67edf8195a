"""Summaries of samples: median and spread, and ratios of pairs.

The compared calls are measured in turn, so that other load on the machine affects all of them alike. Each turn gives
one ratio. The median of the ratios is reported with its quartiles.
"""

import statistics
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

"""Samples in few numbers: median and spread, and ratios pair by pair.

What is compared is measured in turn, so that whatever else the machine does falls on all alike; a ratio is taken
within each turn, and the median of those is reported with its quartiles.
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
        ValueError: not as many values as references.

    """
    ratios = [value / reference for value, reference in zip(values, references, strict=True)]
    low, middle, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return {"median": round(middle, 3), "p25": round(low, 3), "p75": round(high, 3)}

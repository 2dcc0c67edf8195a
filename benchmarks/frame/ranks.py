"""Tests whether two samples differ: the Mann-Whitney rank test, which assumes nothing about their distributions."""

import math
from collections.abc import Sequence


def p_value(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the probability of ranks at least this different if the samples do not differ.

    Two-sided, by the normal approximation, which is good from about 20 values on each side. Ties share the mean of
    their ranks.
    """
    n, m = len(first), len(second)
    ranked = sorted([(value, 0) for value in first] + [(value, 1) for value in second])
    rank_sum, ties, index = 0.0, 0.0, 0
    while index < len(ranked):
        end = index
        while end < len(ranked) and ranked[end][0] == ranked[index][0]:
            end += 1
        mean_rank = (index + 1 + end) / 2
        rank_sum += mean_rank * sum(side == 0 for _, side in ranked[index:end])
        ties += (end - index) ** 3 - (end - index)
        index = end
    expected = n * (n + m + 1) / 2
    variance = n * m / 12 * ((n + m + 1) - ties / ((n + m) * (n + m - 1)))
    if variance == 0:
        return 1.0
    return math.erfc(abs(rank_sum - expected) / math.sqrt(2 * variance))

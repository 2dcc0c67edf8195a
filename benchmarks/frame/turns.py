"""Calls measured in turn: each round runs one batch of each call, in a new random order.

The clock is the CPU time of this thread, so that other processes do not count. The garbage collector stays on, as in
Lambda.
"""

import random
import time
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

from benchmarks.frame.samples import ratio, summary

BATCH_MS = 3  # long compared with the clock's resolution, short compared with other load on the machine
SEED = 1

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


def _batch_size(act: Act) -> int:
    """Return how many calls fill a batch. The first batch warms up, and the second one is timed."""
    size = 1
    while (seconds := _seconds(act, size)) * 1000 < BATCH_MS / 2:
        size *= 2
    seconds = _seconds(act, size)
    return max(1, round(size * BATCH_MS / 1000 / seconds))


def _seconds(act: Act, calls: int) -> float:
    begin = time.thread_time()
    for _ in repeat(None, calls):
        act()
    return time.thread_time() - begin

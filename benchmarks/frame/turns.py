"""Calls measured in turn: in each round every one makes a batch of calls, in an order drawn anew.

Processor time of this thread: that others were given the processor meanwhile costs nothing. The garbage collector stays
on, as it is in Lambda.
"""

import random
import time
from collections.abc import Callable, Mapping
from itertools import repeat
from typing import Any

from benchmarks.frame.samples import ratio, summary

BATCH_MS = 3  # long beside the clock's resolution, short beside what else the machine does
SEED = 1

Act = Callable[[], object]


def in_turn(acts: Mapping[str, Act], *, rounds: int) -> dict[str, list[float]]:
    """Return the microseconds of a call of each act, one value a round: the mean of its batch."""
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
    """Return the summary of each, with its `ratio` to the reference, round by round."""
    return {name: {**summary(values), "ratio": ratio(values, times[reference])} for name, values in times.items()}


def _batch_size(act: Act) -> int:
    """Return how many calls fill a batch, by the second batch: the first one warms up."""
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

"""The least time of an answer that must not tell whether there is a user (P8).

The same requests take less if there is none: a read of nothing is faster (docs/decisions/0058).
"""

from edge_auth.flows.ports.time_and_randomness import Clock, Pause

ANSWER_MS = 100


def wait_since(begin_ms: int, *, clock: Clock, pause: Pause) -> None:
    """Wait for the rest of the least time. A clock that was set meanwhile makes no longer wait."""
    left_ms = begin_ms + ANSWER_MS - clock()
    pause(min(max(left_ms, 0), ANSWER_MS) / 1000)

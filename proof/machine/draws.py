"""What the rules of the state machine draw: numbers, waits, troubles, kinds of acts.

A number is an index into what there is, counted from the newest, so that a failing history gets as short as it can.
"""

from typing import TypeVar

from hypothesis import strategies as st

from proof.machine.deployment import GRACE_SECONDS
from proof.machine.troubles import FAULTS, Trouble
from proof.machine.world import BODY, COOKIE, SITE

T = TypeVar("T")

MAX_USERS = 4
MAX_REQUESTS = 9  # an act makes fewer, mostly
which = st.integers(0, 30)
near = st.sampled_from((0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8))  # most histories are of few sessions, in many steps
flag = st.booleans()
calm = st.none()
troubles = st.one_of(
    calm, calm, st.builds(Trouble, st.sampled_from(sorted(FAULTS)), st.integers(0, MAX_REQUESTS), flag)
)
meanwhiles = st.sampled_from(("refresh", "logout", "all", "disable", "set_password"))
transports = st.sampled_from((BODY, BODY, COOKIE, SITE))
MINUTE, HOUR, DAY = 60, 3600, 86_400
operator_acts = st.sampled_from(
    (
        "disable",
        "enable",
        "enable",
        "delete",
        "set_password",
        "end_sessions",
        "rename",
        "rename",
        "unlock",
        "reset_factors",
    )
)
waits = st.sampled_from(
    (
        1,
        4,
        6,
        GRACE_SECONDS,
        GRACE_SECONDS + 1,
        2 * GRACE_SECONDS,
        6 * MINUTE,
        16 * MINUTE,
        HOUR,
        DAY,
        13 * DAY,
        17 * DAY,
    )
)
codes = st.sampled_from(("app", "app", "app", "app", "paper", "paper", "wrong"))
edges = st.sampled_from(("grace",) * 5 + ("idle", "absolute"))
around = st.sampled_from((-1, 0, 0, 1))  # milliseconds
short_waits = st.sampled_from((1, 6, GRACE_SECONDS, GRACE_SECONDS + 1, GRACE_SECONDS + 1, 2 * GRACE_SECONDS, 15 * DAY))


def pick(things: list[T], number: int) -> T:
    """Return the thing of this number, counted round and round."""
    return things[number % len(things)]


def new_password(number: int) -> str:
    """Return a password that breaks no rule."""
    return f"another fine passphrase {number}"

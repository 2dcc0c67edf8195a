"""The rotation rule, written from its description and not from the product.

The redeemable tokens are the newest, and the one that it was issued for. Within the grace window after the last
rotation, everything from base to newest gets the newest again. Anything else that comes back is reuse.
"""

from enum import Enum
from typing import NamedTuple

from proof.machine.deployment import GRACE_SECONDS, IDLE_SECONDS, LATE_SECONDS

NONE_REDEEMED = -1


class Meaning(Enum):
    """What a token means for its session."""

    NEXT = "a new token, issued for this one"
    AGAIN = "the newest token again"
    LATE = "a new token: the answer to this one was lost long ago"
    REUSE = "two parties have tokens of the session, so it ends"
    NOTHING = "the token is dead, and nothing happens"


class Line(NamedTuple):
    """One state in which a session may be. `told`: authorizers can know that it has ended."""

    newest: int
    base: int
    rotated_ms: int
    idle_until: int  # in seconds
    ended: bool = False
    told: bool = False

    def over(self, *, told: bool = True) -> "Line":
        """Return the session after its end. What authorizers know once, they know for ever."""
        return self._replace(ended=True, told=told or self.told)

    def is_live(self, absolute_until: int, now_ms: int) -> bool:
        """Whether the session has neither ended nor expired."""
        return not self.ended and now_ms // 1000 < min(self.idle_until, absolute_until)


def meaning(line: Line, generation: int, absolute_until: int, now_ms: int) -> Meaning:
    """Return what a token of this generation means. W is the grace window, and g, b, n are as in the rule."""
    if not line.is_live(absolute_until, now_ms) or generation > line.newest:
        return Meaning.NOTHING
    age_ms, window_ms = max(0, now_ms - line.rotated_ms), GRACE_SECONDS * 1000
    if generation == line.newest:
        return Meaning.NEXT if line.rotated_ms <= now_ms - window_ms else Meaning.AGAIN
    if line.base <= generation and age_ms <= window_ms:
        return Meaning.AGAIN
    if line.base == generation and age_ms <= LATE_SECONDS * 1000:
        return Meaning.LATE
    return Meaning.REUSE


def redeemed(line: Line, generation: int, what: Meaning, now_ms: int) -> Line:
    """Return the session after a token with this meaning was presented."""
    idle_until = now_ms // 1000 + IDLE_SECONDS
    match what:
        case Meaning.NEXT:
            return Line(line.newest + 1, generation, now_ms, idle_until, told=line.told)
        case Meaning.LATE:
            return Line(line.newest + 1, line.base, now_ms, idle_until, told=line.told)
        case Meaning.REUSE:
            return line.over()
    return line

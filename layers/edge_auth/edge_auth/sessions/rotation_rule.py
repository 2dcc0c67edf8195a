"""The rotation rule: what a presented refresh token means for the session that it names. Pure.

The redeemable tokens are the current one, and the previous one while the last rotation is at most the grace window old.
Every other token is dead, and an older token that comes back is reuse (RFC 9700 §4.14.2).

A token of an ended session is dead too, and is never reuse. But if it is not the token that the session had at its
end, two parties have had tokens of the session, and a person should know that.
"""

from enum import StrEnum

from edge_auth.sessions.session import LOGOUT, REUSED, EndedSession, Session
from edge_auth.tokens.refresh_token import RefreshToken


class Outcome(StrEnum):
    """What a presented refresh token means for its session."""

    ROTATED = "rotated"
    COALESCED = "coalesced"
    CONVERGED = "converged"
    UNKNOWN = "unknown"
    SEED_MISMATCH = "seed_mismatch"
    REVOKED = "revoked"
    DIVERGED = "diverged"
    EXPIRED = "expired"
    AHEAD = "ahead"
    REUSED = REUSED


ANSWERED = frozenset({Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED})
"""The outcomes that get tokens."""


def decide(
    token: RefreshToken,
    found: Session | EndedSession | None,
    *,
    rotation_id: str | None,
    now_ms: int,
    grace_seconds: int,
) -> Outcome:
    """Decide what a token that was not rotated means. `found` is what was found of its session.

    `rotation_id` is the one that this invocation tried to write, or None if it wrote nothing. Only the outcomes of
    ANSWERED get tokens. REUSED ends the session.
    """
    if found is None:
        return Outcome.UNKNOWN
    if found.seed_hash and found.seed_hash != token.seed_hash:
        return Outcome.SEED_MISMATCH
    if isinstance(found, EndedSession):
        return _after_the_end(token, found, now_ms // 1000, grace_seconds)
    if found.rotation_id == rotation_id:
        # Our own write succeeded, its response was lost, and the SDK wrote again.
        return Outcome.ROTATED
    if not found.is_live(now_ms // 1000):
        return Outcome.EXPIRED
    return _by_generation(found.generation - token.generation, now_ms - found.rotated_at_ms, grace_seconds)


def _after_the_end(token: RefreshToken, ended: EndedSession, now_seconds: int, grace_seconds: int) -> Outcome:
    behind = ended.generation - token.generation
    if behind == 0 or ended.reason == REUSED:
        return Outcome.REVOKED  # the same token again, or a theft that was told when it ended the session
    if abs(behind) == 1 and now_seconds - ended.ended_at_seconds < grace_seconds:
        return Outcome.REVOKED  # a refresh or a retry that was under way during the end
    if behind < 0 and ended.reason != LOGOUT:
        return Outcome.REVOKED  # rotated between the read and the write of an act that presented no refresh token
    return Outcome.DIVERGED


def _by_generation(behind: int, age_ms: int, grace_seconds: int) -> Outcome:
    if behind < 0:
        return Outcome.AHEAD
    if behind == 0:
        # The current token of a live session. Either the last rotation is younger than the window, or the client asked
        # for more scope than the session has; the caller checks that.
        return Outcome.COALESCED
    # The age is negative if this clock is behind the clock that rotated. A window of 0 is strict at any age.
    if behind == 1 and grace_seconds > 0 and max(0, age_ms) <= grace_seconds * 1000:
        return Outcome.CONVERGED
    return Outcome.REUSED

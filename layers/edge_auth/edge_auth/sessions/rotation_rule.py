"""The rotation rule: what a presented refresh token means for the session that it names. Pure.

The redeemable tokens are the current one, and the previous one while the last rotation is at most the grace window old.
Every other token is dead, and an older token that comes back is reuse (RFC 9700 §4.14.2).
"""

from enum import StrEnum

from edge_auth.sessions.session import Session
from edge_auth.tokens.refresh_token import RefreshToken


class Outcome(StrEnum):
    """What a presented refresh token means for its session."""

    ROTATED = "rotated"
    COALESCED = "coalesced"
    CONVERGED = "converged"
    UNKNOWN = "unknown"
    SEED_MISMATCH = "seed_mismatch"
    REVOKED = "revoked"
    EXPIRED = "expired"
    AHEAD = "ahead"
    REUSED = "reused"


ANSWERED = frozenset({Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED})
"""The outcomes that get tokens."""


def decide(
    token: RefreshToken,
    session: Session | None,
    *,
    rotation_id: str,
    now_ms: int,
    grace_seconds: int,
) -> Outcome:
    """Decide what a token means after its rotation was refused. `session` is the one that the refused write found.

    `rotation_id` is the one that this invocation tried to write. Only the outcomes of ANSWERED get tokens. REUSED ends
    the session.
    """
    if session is None:
        return Outcome.UNKNOWN
    if session.seed_hash != token.seed_hash:
        return Outcome.SEED_MISMATCH
    if session.revoked_at_seconds is not None:
        # A token that comes back after a logout is not theft.
        return Outcome.REVOKED
    if session.rotation_id == rotation_id:
        # Our own write succeeded, its response was lost, and the SDK wrote again.
        return Outcome.ROTATED
    if not session.is_live(now_ms // 1000):
        return Outcome.EXPIRED
    return _by_generation(session.generation - token.generation, now_ms - session.rotated_at_ms, grace_seconds)


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

"""The session and the rotation rule: what a presented refresh token means for the session it names. Pure.

The rule is this one sentence: at any time the redeemable tokens are the current one, and the previous one while the
last rotation is at most the grace window old. Everything else is dead, and an older token that comes back is reuse
(RFC 9700 §4.14.2).
"""

from enum import StrEnum
from typing import NamedTuple

from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription
from edge_auth.tokens.refresh_token import RefreshToken

NEVER_ROTATED_MS = 0  # so that the first refresh after a login rotates at once


class Session(NamedTuple):
    """One login of one user, as the table holds it.

    Times end in their unit. `rotation_id` names the invocation that rotated last; `revoked_reason` is empty while the
    session lives.
    """

    user_id: str
    session_id: str
    seed_hash: bytes
    generation: int
    rotated_at_ms: int
    rotation_id: str
    created_at_ms: int
    auth_time_seconds: int
    idle_expires_at_seconds: int
    absolute_expires_at_seconds: int
    client_id: str
    scope: str = ""
    roles: tuple[str, ...] = ()
    amr: tuple[str, ...] = ()
    client: ClientDescription = UNKNOWN_CLIENT
    revoked_at_seconds: int | None = None
    revoked_reason: str = ""

    @property
    def created_at_seconds(self) -> int:
        """When the user logged in."""
        return self.created_at_ms // 1000

    @property
    def last_used_at_seconds(self) -> int:
        """When tokens were last made for the session: its last rotation, or its login."""
        return (self.rotated_at_ms or self.created_at_ms) // 1000

    @property
    def expires_at_seconds(self) -> int:
        """When the session ends if nothing more happens: the idle or the absolute timeout."""
        return min(self.idle_expires_at_seconds, self.absolute_expires_at_seconds)

    def is_live(self, now_seconds: int) -> bool:
        """Whether the session is neither revoked nor expired."""
        return self.revoked_at_seconds is None and now_seconds < self.expires_at_seconds


class Outcome(StrEnum):
    """What a presented refresh token is to its session."""

    ROTATED = "rotated"
    COALESCED = "coalesced"
    CONVERGED = "converged"
    UNKNOWN = "unknown"
    SEED_MISMATCH = "seed_mismatch"
    REVOKED = "revoked"
    EXPIRED = "expired"
    AHEAD = "ahead"
    REUSED = "reused"


def decide(
    token: RefreshToken,
    session: Session | None,
    *,
    rotation_id: str,
    now_ms: int,
    grace_seconds: int,
) -> Outcome:
    """Say why the rotation was refused, from the session as the refused write found it.

    `rotation_id` is the one this invocation tried to write. Only ROTATED, COALESCED and CONVERGED are answered with
    tokens; REUSED ends the session.
    """
    if session is None:
        return Outcome.UNKNOWN
    if session.seed_hash != token.seed_hash:
        return Outcome.SEED_MISMATCH
    if session.revoked_at_seconds is not None:
        # A logged-out token that comes back is not theft: it never escalates.
        return Outcome.REVOKED
    if session.rotation_id == rotation_id:
        # Our own write won, its response was lost, and the SDK wrote again.
        return Outcome.ROTATED
    if not session.is_live(now_ms // 1000):
        return Outcome.EXPIRED
    return _by_generation(session.generation - token.generation, now_ms - session.rotated_at_ms, grace_seconds)


def _by_generation(behind: int, age_ms: int, grace_seconds: int) -> Outcome:
    if behind < 0:
        return Outcome.AHEAD
    if behind == 0:
        # The current token of a live session: what refused the write is that the last rotation is younger than the
        # window, or that more scope was asked for than the session has, which is for whoever asked to see.
        return Outcome.COALESCED
    # A negative age is a clock that lags behind the one that rotated. Zero grace is strict at any age.
    if behind == 1 and grace_seconds > 0 and max(0, age_ms) <= grace_seconds * 1000:
        return Outcome.CONVERGED
    return Outcome.REUSED

"""The rotation rule: what a presented refresh token means for the session that it names. Pure.

The redeemable tokens are the newest one, and the one that it was issued for (the base): the answer with the newest may
have been lost. Within the grace window after a rotation, every token from the base to the newest gets the newest again.
Every other token is dead, and a dead token that comes back is reuse (RFC 9700 §4.14.2).

A token of an ended session is dead too, and is never reuse. But if it was dead before the end, two parties have had
tokens of the session, and a person should know that.
"""

from enum import StrEnum
from typing import NamedTuple

from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import BODY, BY_ITS_TOKEN, REUSED, EndedSession, Session
from edge_auth.tokens.refresh_token import RefreshToken


class Outcome(StrEnum):
    """What a presented refresh token means for its session."""

    ROTATED = "rotated"
    COALESCED = "coalesced"
    CONVERGED = "converged"
    RETRIED_LATE = "retried_late"
    UNKNOWN = "unknown"
    SEED_MISMATCH = "seed_mismatch"
    WRONG_TRANSPORT = "wrong_transport"
    REVOKED = "revoked"
    DIVERGED = "diverged"
    EXPIRED = "expired"
    AHEAD = "ahead"
    REUSED = REUSED


ANSWERED = frozenset({Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED, Outcome.RETRIED_LATE})
"""The outcomes that get tokens."""


class RotationLimits(NamedTuple):
    """How long a token is redeemable after the next one was issued for it.

    `grace_seconds` is the grace window; 0 is strict: no used token is answered. `late_retry_seconds` is the time for a
    late retry; 0 is never. `late_retry_elsewhere` allows one from another client in another network.
    """

    grace_seconds: int
    late_retry_seconds: int
    late_retry_elsewhere: bool


def decide(
    token: RefreshToken,
    found: Session | EndedSession | None,
    *,
    client: ClientDescription,
    rotation_id: str | None,
    now_ms: int,
    limits: RotationLimits,
    transport: str = BODY,
) -> Outcome:
    """Decide what a token that was not rotated means. `found` is what was found of its session.

    `client` describes who presents the token. `rotation_id` is the one that this invocation tried to write, or None if
    it wrote nothing. `transport` is how the token came: by another one than its session's it gets nothing, and nothing
    happens to the session. Only the outcomes of ANSWERED get tokens. RETRIED_LATE needs a write of its own. REUSED ends
    the session.
    """
    if found is None:
        return Outcome.UNKNOWN
    if found.seed_hash and found.seed_hash != token.seed_hash:
        return Outcome.SEED_MISMATCH
    if isinstance(found, EndedSession):
        return _after_the_end(token, found, now_ms // 1000, limits.grace_seconds)
    if found.transport != transport:
        return Outcome.WRONG_TRANSPORT
    is_ours = found.rotation_id == rotation_id
    is_allowed = limits.late_retry_elsewhere or not client.is_elsewhere(found.client)
    return _before_the_end(token.generation, found, now_ms, limits, is_ours=is_ours, is_allowed=is_allowed)


def _before_the_end(  # noqa: PLR0911 - one for each row of the rule
    generation: int, found: Session, now_ms: int, limits: RotationLimits, *, is_ours: bool, is_allowed: bool
) -> Outcome:
    age_ms = max(0, now_ms - found.rotated_at_ms)  # this clock may be behind the clock that rotated
    is_strict = limits.grace_seconds == 0
    if is_ours:
        return Outcome.ROTATED  # our own write succeeded, its response was lost, and the SDK wrote again
    if not found.is_live(now_ms // 1000):
        return Outcome.EXPIRED
    if generation > found.generation:
        return Outcome.AHEAD
    if generation == found.generation:
        # Either the last rotation is younger than the window, or the client asked for more scope than the session has;
        # the caller checks that.
        return Outcome.COALESCED
    if found.base <= generation and age_ms <= limits.grace_seconds * 1000 and not is_strict:
        return Outcome.CONVERGED
    if found.base == generation and age_ms <= limits.late_retry_seconds * 1000 and is_allowed and not is_strict:
        return Outcome.RETRIED_LATE
    return Outcome.REUSED


def _after_the_end(token: RefreshToken, ended: EndedSession, now_seconds: int, grace_seconds: int) -> Outcome:
    if token.generation in {ended.generation, ended.base} or ended.reason == REUSED:
        return Outcome.REVOKED  # it was redeemable at the end, or a theft that was told when it ended the session
    # An act that did not read the session does not know the base: after late retries it may be any older token.
    oldest = 0 if ended.reason in BY_ITS_TOKEN else min(ended.base, ended.generation - 1)
    if oldest <= token.generation <= ended.generation + 1 and now_seconds - ended.ended_at_seconds < grace_seconds:
        return Outcome.REVOKED  # a refresh or a retry that was under way during the end
    if token.generation > ended.generation and ended.reason not in BY_ITS_TOKEN:
        return Outcome.REVOKED  # rotated between the read and the write of an act that presented no refresh token
    return Outcome.DIVERGED

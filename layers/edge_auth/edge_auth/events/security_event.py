"""Security events: what a team wants to see in its log, by fixed names. They hold no secret and no token."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class EventName(StrEnum):
    """The names. The template's metric filters are on some of them."""

    USER_REGISTERED = "user_registered"
    USER_CREATED = "user_created"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    USER_DELETED = "user_deleted"
    PASSWORD_SET = "password_set"
    RIGHTS_SET = "rights_set"
    LOGIN_SUCCEEDED = "login_succeeded"
    LOGIN_FAILED = "login_failed"
    LOGIN_THROTTLED = "login_throttled"
    ATTEMPTS_NOT_FORGOTTEN = "attempts_not_forgotten"
    PASSWORD_CHANGED = "password_changed"
    PASSWORD_CHANGE_FAILED = "password_change_failed"
    PASSWORD_HASH_NOT_RENEWED = "password_hash_not_renewed"
    REFRESH_ROTATED = "refresh_rotated"
    REFRESH_COALESCED = "refresh_coalesced"
    REFRESH_CONVERGED = "refresh_converged"
    REFRESH_REFUSED = "refresh_refused"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"
    REFRESH_TOKEN_AHEAD = "refresh_token_ahead"
    REFRESH_TOKEN_SEED_MISMATCH = "refresh_token_seed_mismatch"
    SESSION_ENDED = "session_ended"
    SESSION_LIMIT_NOT_KEPT = "session_limit_not_kept"
    ALL_SESSIONS_ENDED = "all_sessions_ended"
    KEYS_PLANNED = "keys_planned"
    KEYS_REPLACED = "keys_replaced"
    NOT_ANNOUNCED = "not_announced"


WANTS_ATTENTION = frozenset(
    {
        EventName.REFRESH_TOKEN_REUSED,
        EventName.REFRESH_TOKEN_AHEAD,
        EventName.REFRESH_TOKEN_SEED_MISMATCH,
        EventName.KEYS_REPLACED,
    }
)


class SecurityEvent(NamedTuple):
    """One security-relevant fact. `generations_behind` is how much older a refresh token is than its session."""

    name: EventName
    user_id: str = ""
    session_id: str = ""
    reason: str = ""
    generations_behind: int | None = None


Record = Callable[[SecurityEvent], None]
"""Keeps a security event."""

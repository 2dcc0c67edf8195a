"""Security events: facts that a team wants in its log, under fixed names. They hold no secret and no token."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple, Self

ATTENTION = "wants attention"
ERROR = "is an error"


class EventName(StrEnum):
    """The names of events. The template has metric filters for some of them.

    An event that wants a person's attention is marked with ATTENTION. It is logged as an error and announced. An event
    that is marked with ERROR is only logged as one: many of them set off an alarm, which needs the line at every level.
    """

    wants_attention: bool
    is_error: bool

    def __new__(cls, value: str, mark: str = "") -> Self:
        """Make the name, and keep its mark."""
        name = str.__new__(cls, value)
        name._value_ = value
        name.wants_attention = mark == ATTENTION
        name.is_error = mark in (ATTENTION, ERROR)
        return name

    # --- Accounts ---
    USER_REGISTERED = "user_registered"
    USER_CREATED = "user_created"
    USER_DISABLED = "user_disabled"
    USER_ENABLED = "user_enabled"
    USER_UNLOCKED = "user_unlocked"
    USER_DELETED = "user_deleted"
    PASSWORD_SET = "password_set"
    RIGHTS_SET = "rights_set"
    CLAIMS_SET = "claims_set"
    USER_RENAMED = "user_renamed"
    PASSWORD_CHANGED = "password_changed"
    PASSWORD_CHANGE_FAILED = "password_change_failed"
    FACTOR_ENROLLED = "factor_enrolled"
    FACTOR_REMOVED = "factor_removed"
    FACTOR_UNLOCKED = "factor_unlocked"
    FACTORS_RESET = "factors_reset"
    RECOVERY_CODES_REPLACED = "recovery_codes_replaced"
    RESET_ASKED = "reset_asked"
    PASSWORD_RESET = "password_reset"
    PROOF_REFUSED = "proof_refused"
    EMAIL_CHANGE_ASKED = "email_change_asked"
    EMAIL_CONFIRMED = "email_confirmed"
    EMAIL_CHANGED = "email_changed"
    EMAIL_CHANGE_UNDONE = "email_change_undone"
    EMAIL_SET = "email_set"

    # --- Passkeys ---
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_RENAMED = "passkey_renamed"
    PASSKEY_REMOVED = "passkey_removed"
    PASSKEY_REFUSED = "passkey_refused"
    PASSKEY_COUNTER_BEHIND = "passkey_counter_behind"

    # --- Sign in ---
    LOGIN_SUCCEEDED = "login_succeeded"
    LOGIN_FAILED = "login_failed"
    USER_MIGRATED = "user_migrated"
    LOGIN_THROTTLED = "login_throttled"
    ATTEMPT_NOT_DECIDED = "attempt_not_decided"
    PASSWORD_HASH_NOT_RENEWED = "password_hash_not_renewed"
    SECOND_FACTOR_ASKED = "second_factor_asked"
    RECOVERY_CODE_USED = "recovery_code_used"
    FACTOR_LOCKED = "factor_locked", ATTENTION

    # --- Sessions ---
    REFRESH_ROTATED = "refresh_rotated"
    REFRESH_COALESCED = "refresh_coalesced"
    REFRESH_CONVERGED = "refresh_converged"
    REFRESH_RETRIED_LATE = "refresh_retried_late"
    REFRESH_REFUSED = "refresh_refused"
    DEAD_TOKEN_NOT_COUNTED = "dead_token_not_counted"
    REFRESH_TOKEN_REUSED = "refresh_token_reused", ATTENTION
    REFRESH_TOKEN_DIVERGED = "refresh_token_diverged", ATTENTION
    REFRESH_TOKEN_AHEAD = "refresh_token_ahead", ATTENTION
    REFRESH_TOKEN_SEED_MISMATCH = "refresh_token_seed_mismatch", ATTENTION
    SESSION_ENDED = "session_ended"
    SESSION_STEPPED_UP = "session_stepped_up"
    STEP_UP_FAILED = "step_up_failed"
    SESSION_LIMIT_NOT_KEPT = "session_limit_not_kept"
    SESSION_NOT_REPLACED = "session_not_replaced"
    ALL_SESSIONS_ENDED = "all_sessions_ended"
    REVOCATION_NOT_PUBLISHED = "revocation_not_published"

    # --- Keys ---
    KEYS_PLANNED = "keys_planned"
    KEYS_PUBLISHED = "keys_published"
    KEYS_REPLACED = "keys_replaced", ATTENTION

    # --- Mail ---
    MAIL_SENT = "mail_sent"
    MAIL_DELAYED = "mail_delayed"
    MAIL_NOT_SENT = "mail_not_sent", ERROR
    MAIL_BOUNCED = "mail_bounced"
    MAIL_RESUMED = "mail_resumed"
    NOTICE_NOT_WRITTEN = "notice_not_written"

    # --- Announcements ---
    NOT_ANNOUNCED = "not_announced"


class SecurityEvent(NamedTuple):
    """One security-relevant fact. `generations_behind` is how much older a refresh token is than its session.

    `same_client` and `same_network` compare a late retry with the last rotation of its session.
    """

    name: EventName
    user_id: str = ""
    session_id: str = ""
    reason: str = ""
    generations_behind: int | None = None
    same_client: bool | None = None
    same_network: bool | None = None

    @property
    def wants_attention(self) -> bool:
        """Whether a person should know of it: by its name, or because a late retry came from elsewhere altogether."""
        return self.name.wants_attention or (self.same_client, self.same_network) == (False, False)

    @property
    def is_error(self) -> bool:
        """Whether the log has it as an error, which passes every log level."""
        return self.name.is_error or self.wants_attention

    def fields(self) -> dict[str, str | int]:
        """Return the fields of the event that are not empty, without its name."""
        known = self._asdict()
        del known["name"]
        return {name: value for name, value in known.items() if value not in ("", None)}


Record = Callable[[SecurityEvent], None]
"""Records a security event."""

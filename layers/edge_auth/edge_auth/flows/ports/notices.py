"""Notices: mails that only tell a user what has happened. The mailer sends them. Where mail is off, there are none."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from edge_auth.accounts.identity import Identity


class NoticeName(StrEnum):
    """What has happened. Each has a text in `mail/languages`."""

    NEW_DEVICE = "new_device"
    NEW_PASSWORD = "new_password"
    NEW_ADDRESS = "new_address"
    FACTOR_CHANGED = "factor_changed"
    ACCOUNT_LOCKED = "account_locked"
    FACTORS_RESET = "factors_reset"
    RECOVERY_CODES_REPLACED = "recovery_codes_replaced"
    RECOVERY_CODE_USED = "recovery_code_used"
    PASSKEY_ADDED = "passkey_added"
    PASSKEY_REMOVED = "passkey_removed"


class Notice(NamedTuple):
    """A notice for a user, at the address that the user had when it was read.

    `notice_id` is one that `refresh_token.new_id` drew: by it a repeated write recognises the first one. `details` are
    shown: `at` (seconds since 1970), `user_agent`, `network` and `left` (how many recovery codes). No detail may be a
    secret.
    """

    name: NoticeName
    notice_id: str
    identity: Identity
    details: Mapping[str, str]
    delete_at_seconds: int


class Notices(Protocol):
    """Where the mailer finds the notices."""

    def put(self, notice: Notice) -> None:
        """Add a notice. A repeated write is no second one. Raises TemporarilyUnavailable."""

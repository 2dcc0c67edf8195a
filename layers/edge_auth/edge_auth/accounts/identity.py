"""The identity: what is kept of a user."""

from dataclasses import dataclass, field

ACTIVE = "active"
DISABLED = "disabled"


@dataclass(frozen=True, slots=True)
class Identity:
    """A user. `user_id` is drawn by `refresh.new_id` and never given to another; `username` is canonical.

    `epoch` moves whenever all sessions of the user are ended: a login that began before cannot open a session after.
    """

    user_id: str
    username: str
    password_hash: str = field(repr=False)
    status: str
    epoch: int
    created_at_seconds: int
    scope: str = ""
    roles: tuple[str, ...] = ()

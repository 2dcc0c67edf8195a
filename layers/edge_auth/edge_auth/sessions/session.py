"""The session: one login of one user, as it is stored."""

from typing import NamedTuple

from edge_auth.sessions.client_description import UNKNOWN_CLIENT, ClientDescription

NEVER_ROTATED_MS = 0  # so that the first refresh after a login rotates at once


class Session(NamedTuple):
    """A session.

    Time fields end in `_ms` or `_seconds`, since 1970. `rotation_id` names the invocation that rotated last.
    `revoked_reason` is empty while the session lives.
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
        """When the session last got tokens: at its last rotation, or at its login."""
        return (self.rotated_at_ms or self.created_at_ms) // 1000

    @property
    def expires_at_seconds(self) -> int:
        """When the session ends without another refresh: at the idle or the absolute timeout."""
        return min(self.idle_expires_at_seconds, self.absolute_expires_at_seconds)

    def is_live(self, now_seconds: int) -> bool:
        """Whether the session is neither revoked nor expired."""
        return self.revoked_at_seconds is None and now_seconds < self.expires_at_seconds

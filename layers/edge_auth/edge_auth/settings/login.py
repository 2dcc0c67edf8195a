"""The settings of `login`."""

from typing import NamedTuple


class LoginSettings(NamedTuple):
    """The settings of `login`. An empty `issuer` is derived from the event.

    `second_factor` is `off`, `optional`, `everybody` or `role:` with a role. Only where it is off, `sealing_secret` is
    empty.
    """

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    refresh_absolute_days: int
    session_idle_minutes: int
    session_absolute_hours: int
    max_sessions_per_user: int
    password_profiles: str
    migration_function: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str
    second_factor: str
    passkey_rp_id: str
    sealing_secret: str
    security_event_bus: str

"""The settings of `refresh`."""

from typing import NamedTuple


class RefreshSettings(NamedTuple):
    """The settings of `refresh`. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    rotation_grace_seconds: int
    late_retry_hours: int
    late_retry_from_elsewhere: str
    throttle_table: str
    sessions_table: str
    revocations_table: str
    key_ring_secret: str
    key_ring_version: str
    security_event_bus: str
    trusted_proxy: str
    allowed_origins: str

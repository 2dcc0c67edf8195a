"""The settings of `logout`."""

from typing import NamedTuple


class LogoutSettings(NamedTuple):
    """The settings of `logout`. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    rotation_grace_seconds: int
    late_retry_hours: int
    late_retry_from_elsewhere: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    key_ring_secret: str
    key_ring_version: str
    security_event_bus: str
    trusted_proxy: str
    allowed_origins: str

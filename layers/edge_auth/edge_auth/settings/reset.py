"""The settings of `reset`."""

from typing import NamedTuple


class ResetSettings(NamedTuple):
    """The settings of `reset`. No password may be the `issuer` or the `audience`. The second factor as for a login."""

    second_factor: str
    sealing_secret: str
    security_event_bus: str
    issuer: str
    audience: str
    password_min_characters: int
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str

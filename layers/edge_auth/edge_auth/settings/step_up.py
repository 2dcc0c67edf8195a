"""The settings of `step_up`."""

from typing import NamedTuple


class StepUpSettings(NamedTuple):
    """The settings of `step_up`. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    access_token_seconds: int
    password_profiles: str
    passkey_rp_id: str
    passkey_origins: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    sealing_secret: str
    trusted_proxy: str
    allowed_origins: str
    security_event_bus: str

"""The settings of `passkey_sign_in`."""

from typing import NamedTuple


class PasskeySignInSettings(NamedTuple):
    """The settings of `passkey_sign_in`. An empty `issuer` is derived from the event."""

    issuer: str
    audience: str
    access_token_seconds: int
    refresh_idle_days: int
    refresh_absolute_days: int
    session_idle_minutes: int
    session_absolute_hours: int
    max_sessions_per_user: int
    second_factor: str
    passkey_rp_id: str
    passkey_origins: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str

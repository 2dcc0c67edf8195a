"""The settings of `site_password`."""

from typing import NamedTuple


class SitePasswordSettings(NamedTuple):
    """The settings of `site_password`. No password may be the `issuer` or the `audience`."""

    issuer: str
    audience: str
    password_min_characters: int
    password_profiles: str
    session_idle_minutes: int
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str

"""The settings of `email`."""

from typing import NamedTuple


class EmailSettings(NamedTuple):
    """The settings of `email`."""

    password_profiles: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str

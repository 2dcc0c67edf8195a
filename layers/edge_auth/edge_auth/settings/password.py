"""The settings of `password`."""

from typing import NamedTuple


class PasswordSettings(NamedTuple):
    """The settings of `password`. No password may be the `issuer` or the `audience`."""

    issuer: str
    audience: str
    password_min_characters: int
    password_profiles: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    trusted_proxy: str
    allowed_origins: str

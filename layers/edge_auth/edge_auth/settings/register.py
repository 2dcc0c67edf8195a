"""The settings of `register`."""

from typing import NamedTuple


class RegisterSettings(NamedTuple):
    """The settings of `register`. No password may be the `issuer` or the `audience`.

    An empty `challenges_table` says that mail is off. Then `register` uses neither the key ring nor `confirm_address`.
    """

    issuer: str
    audience: str
    password_min_characters: int
    throttle_table: str
    identities_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    confirm_address: str
    trusted_proxy: str
    allowed_origins: str

"""The settings of `factors`."""

from typing import NamedTuple


class FactorsSettings(NamedTuple):
    """The settings of `factors`. An authenticator app shows the host of the `issuer`, or of the `audience`."""

    issuer: str
    audience: str
    second_factor: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    sealing_secret: str
    trusted_proxy: str
    allowed_origins: str

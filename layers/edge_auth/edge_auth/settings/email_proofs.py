"""The settings of `email_proofs`."""

from typing import NamedTuple


class EmailProofsSettings(NamedTuple):
    """The settings of `email_proofs`."""

    password_profiles: str
    throttle_table: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str

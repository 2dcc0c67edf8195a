"""The settings of `passkeys`."""

from typing import NamedTuple


class PasskeysSettings(NamedTuple):
    """The settings of `passkeys`."""

    second_factor: str
    passkey_rp_id: str
    passkey_origins: str
    identities_table: str
    sessions_table: str
    revocations_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str
    allowed_origins: str

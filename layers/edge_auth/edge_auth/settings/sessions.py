"""The settings of `sessions`."""

from typing import NamedTuple


class SessionsSettings(NamedTuple):
    """The settings of `sessions`."""

    sessions_table: str
    revocations_table: str
    trusted_proxy: str
    allowed_origins: str

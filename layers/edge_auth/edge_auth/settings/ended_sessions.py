"""The settings of `ended_sessions`."""

from typing import NamedTuple


class EndedSessionsSettings(NamedTuple):
    """The settings of `ended_sessions`."""

    access_token_seconds: int
    revocations_table: str
    trusted_proxy: str

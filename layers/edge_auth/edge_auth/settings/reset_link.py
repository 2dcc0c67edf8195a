"""The settings of `reset_link`."""

from typing import NamedTuple


class ResetLinkSettings(NamedTuple):
    """The settings of `reset_link`. `pages_url` is where links lead."""

    identities_table: str
    challenges_table: str
    key_ring_secret: str
    key_ring_version: str
    pages_url: str

"""The settings of `preflight`."""

from typing import NamedTuple


class PreflightSettings(NamedTuple):
    """The settings of `preflight`."""

    allowed_origins: str

"""The settings of `jwks`."""

from typing import NamedTuple


class JwksSettings(NamedTuple):
    """The settings of `jwks`. An empty `issuer` is derived from the event."""

    issuer: str
    key_ring_secret: str
    key_ring_version: str
    trusted_proxy: str

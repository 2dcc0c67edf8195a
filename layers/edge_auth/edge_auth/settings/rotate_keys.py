"""The settings of `rotate_keys`."""

from typing import NamedTuple


class RotateKeysSettings(NamedTuple):
    """The settings of `rotate_keys`. It reads `url_suffix` itself: its answer to CloudFormation needs no layer."""

    key_ring_secret: str
    signing_algorithm: str
    key_rotation_days: int
    key_publish_hours: int
    refresh_idle_days: int
    refresh_absolute_days: int
    session_absolute_hours: int
    revocations_table: str
    security_event_bus: str
    url_suffix: str

"""The key ring of what is measured."""

import secrets
import time

from edge_auth.keys.maker import key_maker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy, first_ring

DAY_SECONDS = 86_400


def new_key_ring() -> KeyRing:
    """Make the ring that a new stack has, with the template's own times: ES256."""
    policy = RotationPolicy(
        "ES256", period_seconds=30 * DAY_SECONDS, publish_seconds=DAY_SECONDS, refresh_idle_seconds=14 * DAY_SECONDS
    )
    return first_ring(now_seconds=int(time.time()), policy=policy, make=key_maker(secrets.token_bytes))

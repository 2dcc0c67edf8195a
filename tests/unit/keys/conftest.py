"""A key ring that was made now, and the policy of its rotations."""

import pytest

from edge_auth.keys.maker import KeyMaker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy, first_ring
from tests.support.access_tokens import NOW
from tests.support.rings import DAY, cheap_keys

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)


@pytest.fixture
def make() -> KeyMaker:
    """Return a maker of cheap keys. Each key is new."""
    return cheap_keys()


@pytest.fixture
def ring(make: KeyMaker) -> KeyRing:
    """Return a ring that was made now."""
    return first_ring(now_seconds=NOW, policy=POLICY, make=make)

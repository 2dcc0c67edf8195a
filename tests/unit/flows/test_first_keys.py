"""The key ring of a new deployment: made once."""

from collections.abc import Callable

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.first_keys import first_keys
from edge_auth.tokens.keyring import KeyRing, make_key_ring
from tests.fakes.stores import MemoryKeyRingStore
from tests.unit.access_tokens import NOW
from tests.unit.deployment import Clock, CountingEntropy


@pytest.fixture
def entropy() -> Callable[[int], bytes]:
    """Return bytes that never come twice."""
    return CountingEntropy()


def test_a_new_deployment_gets_a_ring(entropy: Callable[[int], bytes]) -> None:
    """Of the algorithm that was asked for, made now, and kept."""
    store = MemoryKeyRingStore()
    ring = first_keys(store, alg="EdDSA", clock=Clock(), entropy=entropy)
    assert (ring.signing.alg, ring.signing.created_at_seconds) == ("EdDSA", NOW)
    assert store.read() == ring


def test_a_second_call_changes_nothing(entropy: Callable[[int], bytes]) -> None:
    """An update of the stack, a retry of CloudFormation: the ring stays, whatever algorithm is asked for now."""
    store = MemoryKeyRingStore()
    ring = first_keys(store, alg="ES256", clock=Clock(), entropy=entropy)
    assert first_keys(store, alg="EdDSA", clock=Clock(), entropy=entropy) is ring


def test_of_two_that_race_both_get_the_winners_ring(entropy: Callable[[int], bytes]) -> None:
    """Or one of them would publish keys that never sign."""

    class RacedStore(MemoryKeyRingStore):
        """A store where another writer comes first."""

        def create(self, ring: KeyRing) -> KeyRing:
            """Let the other one win."""
            super().create(make_key_ring("EdDSA", now_seconds=NOW, entropy=entropy))
            return super().create(ring)

    store = RacedStore()
    ring = first_keys(store, alg="EdDSA", clock=Clock(), entropy=entropy)
    assert store.read() is ring


def test_another_algorithm_makes_nothing(entropy: Callable[[int], bytes]) -> None:
    """And says so."""
    store = MemoryKeyRingStore()
    with pytest.raises(ValueError, match="unsupported"):
        first_keys(store, alg="HS256", clock=Clock(), entropy=entropy)
    assert store.read() is None


def test_an_outage_makes_no_second_ring(entropy: Callable[[int], bytes]) -> None:
    """What cannot be read may be there."""

    class DownStore(MemoryKeyRingStore):
        """A store that cannot be read."""

        created = False

        def read(self) -> KeyRing | None:
            """Fail."""
            raise TemporarilyUnavailable("injected")

        def create(self, ring: KeyRing) -> KeyRing:
            """Remember that it was called."""
            self.created = True
            return ring

    store = DownStore()
    with pytest.raises(TemporarilyUnavailable):
        first_keys(store, alg="ES256", clock=Clock(), entropy=entropy)
    assert not store.created

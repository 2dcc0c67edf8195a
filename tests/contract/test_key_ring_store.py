"""The port `KeyRingStore`, on the memory fake and on moto's Secrets Manager: of all writers one wins."""

import threading
import uuid
from collections.abc import Callable
from itertools import count

import pytest

from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.key_ring import KeyRingStore, RingMoved, StoredRing
from edge_auth.keys.maker import key_maker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy, first_ring
from tests.support.fakes.stores import MemoryKeyRingStore
from tests.support.memory_aws import secretsmanager

DAY = 86_400
POLICY = RotationPolicy("EdDSA", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)

NewStore = Callable[[], KeyRingStore]


@pytest.fixture(params=["memory", "moto"])
def new_store(request: pytest.FixtureRequest) -> NewStore:
    """Return a function that makes stores over one empty place; each store is one writer."""
    if request.param == "memory":
        memory = MemoryKeyRingStore()
        return lambda: memory
    arn = secretsmanager().create_secret(Name=uuid.uuid4().hex)["ARN"]
    return lambda: SecretKeyRingStore(secretsmanager(), secret_id=arn)


def a_ring(serial: int) -> KeyRing:
    """Return a ring that differs from all others."""
    drawn = count()
    make = key_maker(lambda size: bytes([serial]) * (size - 1) + bytes([next(drawn)]))
    return first_ring(now_seconds=1_790_000_000 + serial, policy=POLICY, make=make)


def written(store: KeyRingStore, ring: KeyRing, after: str | None) -> StoredRing | None:
    """Write, and return the stored ring, or None if another writer came first."""
    try:
        return store.write(ring, after=after)
    except RingMoved:
        return None


def test_where_none_was_made_there_is_none(new_store: NewStore) -> None:
    """A new secret has no value, and reading it gives None."""
    assert new_store().read() is None


def test_the_first_ring_is_kept_with_every_key(new_store: NewStore) -> None:
    """Every reader reads the ring that was written, under the same version."""
    ring = a_ring(1)
    stored = new_store().write(ring, after=None)
    assert stored.ring == ring
    assert new_store().read() == stored


def test_a_ring_follows_the_one_whose_version_it_names(new_store: NewStore) -> None:
    """Each state of the ring has a version of its own."""
    store = new_store()
    versions, after = [], None
    for serial in range(5):
        ring = a_ring(serial)
        stored = store.write(ring, after=after)
        assert new_store().read() == stored == StoredRing(ring, stored.version)
        after = stored.version
        versions.append(after)
    assert len(set(versions)) == 5


def test_of_all_that_follow_one_version_one_wins(new_store: NewStore) -> None:
    """The first write wins, and the others raise RingMoved and change nothing."""
    after = new_store().write(a_ring(0), after=None).version
    won = [written(new_store(), a_ring(serial), after) for serial in range(1, 5)]
    assert [stored is not None for stored in won] == [True, False, False, False]
    assert new_store().read() == won[0]


def test_of_all_that_make_the_first_ring_one_wins(new_store: NewStore) -> None:
    """Two creations of one stack do not sign with two rings."""
    won = [written(new_store(), a_ring(serial), None) for serial in range(3)]
    assert [stored is not None for stored in won] == [True, False, False]
    assert new_store().read() == won[0]


def test_the_same_ring_again_is_no_error(new_store: NewStore) -> None:
    """The SDK may repeat a write whose answer was lost, of the first ring or of a later one."""
    store = new_store()
    first = store.write(a_ring(1), after=None)
    assert new_store().write(a_ring_like(first), after=None) == first
    second = store.write(a_ring(2), after=first.version)
    assert new_store().write(a_ring_like(second), after=first.version) == second
    assert new_store().read() == second


def a_ring_like(stored: StoredRing) -> KeyRing:
    """Return an equal ring as another object."""
    return KeyRing(tuple(stored.ring.signing), tuple(stored.ring.mac))


@pytest.mark.parametrize("late_ring", [1, 9])
def test_a_late_writer_never_takes_the_ring_back(late_ring: int, new_store: NewStore) -> None:
    """A writer that names an older version changes nothing, with an old ring and with a new one."""
    rings = {serial: a_ring(serial) for serial in (0, 1, 2, 3, 9)}
    zeroth = new_store().write(rings[0], after=None)
    first = new_store().write(rings[1], after=zeroth.version)
    second = new_store().write(rings[2], after=first.version)
    third = new_store().write(rings[3], after=second.version)
    for after in (None, zeroth.version, first.version, second.version):
        written(new_store(), rings[late_ring], after)
        assert new_store().read() == third


def test_a_store_that_is_not_there_keeps_nothing() -> None:
    """If the secret does not exist, a write is an outage and a read finds no ring."""
    store = SecretKeyRingStore(secretsmanager(), secret_id="never-made")
    assert store.read() is None
    with pytest.raises(TemporarilyUnavailable):
        store.write(a_ring(1), after=None)


@pytest.mark.parametrize("text", ["S3CRET", "{}", '{"format":1}'])
def test_a_secret_that_holds_something_else_is_an_outage(text: str) -> None:
    """It is not taken for a missing ring, as a new ring would end every session, and it is not quoted (K5)."""
    arn = secretsmanager().create_secret(Name=uuid.uuid4().hex, SecretString=text)["ARN"]
    with pytest.raises(TemporarilyUnavailable) as caught:
        SecretKeyRingStore(secretsmanager(), secret_id=arn).read()
    assert "S3CRET" not in repr(caught.value) + str(caught.value.detail)


def test_threads_that_follow_one_version_have_one_winner() -> None:
    """Eight threads write to the memory fake at once and one wins; moto does not promise atomic writes."""
    store = MemoryKeyRingStore()
    rings = [a_ring(serial) for serial in range(8)]
    won: list[StoredRing] = []
    barrier = threading.Barrier(len(rings))

    def write(ring: KeyRing) -> None:
        barrier.wait()
        if (stored := written(store, ring, None)) is not None:
            won.append(stored)

    threads = [threading.Thread(target=write, args=(ring,)) for ring in rings]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert won == [store.read()]

from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws

from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports import KeyRingStore
from edge_auth.tokens.keyring import KeyRing, make_key_ring, to_secret_json
from tests.fakes.stores import MemoryKeyRingStore

NewStore = Callable[[], KeyRingStore]


@pytest.fixture(params=["memory", "moto"])
def new_store(request: pytest.FixtureRequest) -> Iterator[NewStore]:
    """Return what makes stores, all over one place that is empty: each is one writer."""
    if request.param == "memory":
        memory = MemoryKeyRingStore()
        yield lambda: memory
        return
    with mock_aws():
        client = boto3.session.Session().client("secretsmanager")
        arn = client.create_secret(Name="contract-key-ring")["ARN"]
        yield lambda: SecretKeyRingStore(client, secret_id=arn)


def a_ring(serial: int) -> KeyRing:
    """Return a ring that differs from the others."""
    return make_key_ring("EdDSA", now_seconds=1_790_000_000 + serial, entropy=lambda count: bytes([serial]) * count)


def text(ring: KeyRing | None) -> str:
    """Return all of a ring, so that two can be compared."""
    assert ring is not None
    return to_secret_json(ring)


def test_where_none_was_made_there_is_none(new_store: NewStore) -> None:
    """A secret begins without a value."""
    assert new_store().read() is None


def test_the_first_ring_is_kept_with_every_key(new_store: NewStore) -> None:
    """What was made is what is read, by every reader."""
    ring = a_ring(1)

    assert text(new_store().create(ring)) == text(ring)
    assert text(new_store().read()) == text(ring)


def test_of_two_writers_both_get_the_winners_ring(new_store: NewStore) -> None:
    """§6: two creations of one stack must not sign with two rings."""
    first, second = new_store(), new_store()
    assert first.read() is None
    assert second.read() is None

    kept = [text(second.create(a_ring(2))), text(first.create(a_ring(1)))]

    assert kept == [text(a_ring_kept) for a_ring_kept in (second.read(), first.read())]
    assert len(set(kept)) == 1


def test_the_same_ring_again_is_no_error(new_store: NewStore) -> None:
    """A write whose answer was lost, and that the SDK sends again."""
    store, ring = new_store(), a_ring(1)

    assert text(store.create(ring)) == text(store.create(ring)) == text(ring)


def test_a_store_that_is_not_there_keeps_nothing() -> None:
    """A secret that was never made is an outage for the writer, and no ring for the reader."""
    with mock_aws():
        client = boto3.session.Session().client("secretsmanager")
        store = SecretKeyRingStore(client, secret_id="never-made")
        assert store.read() is None

        with pytest.raises(TemporarilyUnavailable):
            store.create(a_ring(1))

"""Makes the key ring of a new deployment, once."""

from edge_auth.flows.ports import Clock, Entropy, KeyRingStore
from edge_auth.tokens.keyring import KeyRing, make_key_ring


def first_keys(store: KeyRingStore, *, alg: str, clock: Clock, entropy: Entropy) -> KeyRing:
    """Return the deployment's key ring, and make it where there is none yet.

    Raises:
        ValueError: an algorithm that is not supported.
        TemporarilyUnavailable: it could not be read or kept.

    """
    ring = store.read()
    if ring is None:
        ring = store.create(make_key_ring(alg, now_seconds=clock() // 1000, entropy=entropy))
    return ring

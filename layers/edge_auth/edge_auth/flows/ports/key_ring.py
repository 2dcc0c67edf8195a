"""The key ring: many functions read it, and one writes it."""

from typing import NamedTuple, Protocol

from edge_auth.keys.ring import KeyRing, KeysInForce


class KeyRingSource(Protocol):
    """Gives the flows the keys."""

    def load(self) -> KeysInForce:
        """Return the keys of this moment, from a ring that may be some minutes old. The signing key is loaded."""


class StoredRing(NamedTuple):
    """A key ring as it was read. `version` names this state of the ring."""

    ring: KeyRing
    version: str


class RingMoved(Exception):
    """The ring has changed since the writer read it."""


class KeyRingStore(Protocol):
    """Stores the key ring for its one writer."""

    def read(self) -> StoredRing | None:
        """Read the ring, or None if none was made yet."""

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Write the ring after this version of it. `after` is None for the first ring.

        To write the same ring again is no error. Raises RingMoved: another ring was written first.
        """

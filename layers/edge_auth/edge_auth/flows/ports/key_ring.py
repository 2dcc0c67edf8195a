"""The key ring: read by those who sign, kept by the one who writes it."""

from typing import NamedTuple, Protocol

from edge_auth.keys.ring import KeyRing, KeysInForce


class KeyRingSource(Protocol):
    """Where flows get the keys from."""

    def load(self) -> KeysInForce:
        """Return the keys of this moment, of a ring that may be some minutes old. The one that signs can."""


class StoredRing(NamedTuple):
    """A key ring as it was read. `version` names this state of it."""

    ring: KeyRing
    version: str


class RingMoved(Exception):
    """The ring is not the one any more that the writer had read."""


class KeyRingStore(Protocol):
    """Where the one writer of the key ring keeps it."""

    def read(self) -> StoredRing | None:
        """Read the ring; None where none was made yet."""

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Keep the ring in the place of the one of this version; None where there was none.

        The same ring again is no error. Raises RingMoved: another ring was written first.
        """

"""Takes over the MAC keys of a deleted stack, so that its refresh tokens and device tokens are valid in another stack.

The signing keys stay behind: their access tokens live for minutes, and name another issuer. This is the only command
through which keys pass, so it needs the right to read both secrets.

A key is taken over once. One that was replaced since, as after a leak, does not come back (K3).
"""

from dataclasses import replace

from admin.adoption_notes import AdoptionNotes
from admin.retained import CannotAdopt
from edge_auth.adapters.aws import AwsError
from edge_auth.adapters.key_ring_secret import SecretKeyRingStore
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.ports.key_ring import RingMoved, StoredRing
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import with_mac_keys_of

ATTEMPTS = 3  # the hourly run may write at the same moment, and it writes once


class RetainedKeys:
    """The key ring of a deleted stack, and that of the stack that takes its MAC keys over."""

    def __init__(
        self, *, source: SecretKeyRingStore, own: SecretKeyRingStore, notes: AdoptionNotes, now_seconds: int
    ) -> None:
        """Read both rings.

        Raises:
            CannotAdopt: a secret holds no ring, or one of another format.
            TemporarilyUnavailable: a secret or a note could not be read.

        """
        self._own = own
        self._notes = notes
        self._now_seconds = now_seconds
        ring = _read(source).ring
        self._retained = replace(
            ring, mac=tuple(timed for timed in ring.mac if not notes.is_finished(_name_of(timed.key)))
        )
        before = _read(own).ring
        self.count = len(self._merged(before).mac) - len(before.mac)

    def adopt(self) -> None:
        """Add the MAC keys to the stack's ring. None of them signs. Nothing is written if they are there.

        Raises:
            CannotAdopt: the ring moved under every attempt.
            TemporarilyUnavailable: the ring or a note is not known to be written.

        """
        ring = self._written()
        known = {timed.key.key_id for timed in ring.mac}
        for timed in self._retained.mac:
            if timed.key.key_id in known:
                self._notes.finish(_name_of(timed.key))

    def _written(self) -> KeyRing:
        for _ in range(ATTEMPTS):
            stored = _read(self._own)
            ring = self._merged(stored.ring)
            if ring == stored.ring:
                return ring
            try:
                return self._own.write(ring, after=stored.version).ring
            except RingMoved:
                continue
        raise CannotAdopt("the key ring moved under every attempt; run this again")

    def _merged(self, ring: KeyRing) -> KeyRing:
        return with_mac_keys_of(ring, self._retained, now_seconds=self._now_seconds)


def _name_of(key: MacKey) -> str:
    return f"mac#{key.key_id.hex()}"


def _read(store: SecretKeyRingStore) -> StoredRing:
    try:
        stored = store.read()
    except AwsError:
        raise
    except TemporarilyUnavailable as error:
        raise CannotAdopt(f"{error.detail}; nothing was done") from None
    if stored is None:
        raise CannotAdopt("the secret holds no key ring; nothing was done")
    return stored

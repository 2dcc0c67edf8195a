"""Rotate keys: keeps the key ring up to date, and does what an operator asks for."""

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.ports.key_ring import KeyRingStore, RingMoved, StoredRing
from edge_auth.flows.ports.revocations import Revocations
from edge_auth.flows.ports.time_and_randomness import Clock
from edge_auth.keys import rotation as key_rotation
from edge_auth.keys.maker import KeyMaker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import AT_ONCE, RotationPolicy, earliest_end
from edge_auth.keys.timing import REPLACE_SECONDS

ATTEMPTS = 3  # another writer that came first did the same, so a second attempt is enough; a third costs nothing


class RotateKeys:
    """The use cases. Where the feed of ended sessions is off, `revocations` is None."""

    def __init__(
        self,
        *,
        store: KeyRingStore,
        revocations: Revocations | None,
        policy: RotationPolicy,
        make: KeyMaker,
        clock: Clock,
        record: Record,
    ) -> None:
        """Keep what the use cases need. `policy` is public."""
        self._store = store
        self._revocations = revocations
        self.policy = policy
        self._make = make
        self._clock = clock
        self._record = record

    def advance(self) -> StoredRing:
        """Bring the ring up to date, or make it if there is none. It may be called at any time and any number of times.

        Raises:
            ValueError: the algorithm is not supported.
            TemporarilyUnavailable: the ring could not be read, or is not known to be written.

        """
        for _ in range(ATTEMPTS):
            stored, now_seconds = self._store.read(), self._clock() // 1000
            if stored is None:
                ring = key_rotation.first_ring(now_seconds=now_seconds, policy=self.policy, make=self._make)
            else:
                ring = key_rotation.advance(stored.ring, now_seconds=now_seconds, policy=self.policy, make=self._make)
                if ring == stored.ring:
                    return stored
            try:
                return self._write(ring, stored, EventName.KEYS_PLANNED, "advance")
            except RingMoved:
                continue
        raise TemporarilyUnavailable("the key ring moved under every attempt")

    def show(self) -> StoredRing:
        """Return the ring as it is.

        Raises:
            TemporarilyUnavailable: the ring could not be read, or none was made yet.

        """
        stored = self._store.read()
        if stored is None:
            raise TemporarilyUnavailable("no key ring was made yet")
        return stored

    def rotate(self, version: str) -> StoredRing:
        """Let the next keys sign now, or as soon as they have been public for long enough.

        Raises:
            RingMoved: the ring has another version now. Nothing was done.
            TemporarilyUnavailable: the ring could not be read, or is not known to be written.

        """
        stored = self._shown(version)
        ring = key_rotation.rotate(stored.ring, now_seconds=self._clock() // 1000, policy=self.policy, make=self._make)
        return self._write(ring, stored, EventName.KEYS_PLANNED, "rotate")

    def replace_all(self, version: str, *, at_once: bool, end_sessions: bool) -> StoredRing:
        """Replace the signing keys after a leak, and with `end_sessions` the MAC keys too, which ends every session.

        The old keys end when the new ones begin to sign. That is in some minutes, when every reader knows the new ones,
        or now with `at_once`. Without `end_sessions`, refresh tokens stay valid.

        With `at_once`, authorizers are first told that the old keys verify nothing any more. If the ring is not written
        after that, every access token is refused until this call is made again.

        Raises:
            RingMoved: the ring has another version now. Nothing was done.
            TemporarilyUnavailable: the ring could not be read, or is not known to be written, or authorizers may not
                know of it yet.

        """
        stored, now_seconds = self._shown(version), self._clock() // 1000
        ring = key_rotation.replace_all(
            stored.ring,
            now_seconds=now_seconds,
            policy=self.policy,
            make=self._make,
            after_seconds=AT_ONCE if at_once else REPLACE_SECONDS,
            end_sessions=end_sessions,
        )
        reason = "sessions_ended" if end_sessions else "sessions_kept"
        if not at_once or self._revocations is None:
            return self._write(ring, stored, EventName.KEYS_REPLACED, reason)
        self._withdraw(self._revocations, stored.ring, now_seconds)
        try:
            return self._write(ring, stored, EventName.KEYS_REPLACED, reason)
        except RingMoved:
            raise TemporarilyUnavailable("authorizers refuse the old keys, which are not replaced yet") from None

    def _shown(self, version: str) -> StoredRing:
        stored = self.show()
        if stored.version != version:
            raise RingMoved
        return stored

    def _withdraw(self, revocations: Revocations, ring: KeyRing, now_seconds: int) -> None:
        """Tell authorizers that the keys of a ring have ended, until the last moment at which one may have them.

        A deployed authorizer may have a replaced key until the end that was planned for it.
        """
        planned = [timed.ends_at_seconds or 0 for timed in ring.signing]
        latest = max(earliest_end(now_seconds, self.policy) + self.policy.publish_seconds, *planned)
        revocations.withdraw_keys([timed.key.kid for timed in ring.signing], until_seconds=latest)

    def _write(self, ring: KeyRing, stored: StoredRing | None, name: EventName, reason: str) -> StoredRing:
        try:
            written = self._store.write(ring, after=stored.version if stored else None)
        except TemporarilyUnavailable:
            if name is EventName.KEYS_REPLACED:  # a replacement may be recorded twice, but is never missed
                self._record(SecurityEvent(name, reason=f"{reason}, not known to be kept"))
            raise
        self._record(SecurityEvent(name, reason=reason))
        return written

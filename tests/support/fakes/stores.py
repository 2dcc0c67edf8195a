"""Stores in memory. They pass the same contract suite as the DynamoDB adapters."""

import threading
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.errors import TemporarilyUnavailable, UnknownUser, UsernameTaken
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.key_ring import RingMoved, StoredRing
from edge_auth.flows.ports.passkeys import ChallengeSpent, PasskeyUse
from edge_auth.flows.ports.sessions import STEPPED_UP, AlreadyEnded, RotationRefused
from edge_auth.keys.ring import KeyRing, KeysInForce
from edge_auth.sessions.session import Endable, EndedSession, Rotation, SeenSession, Session
from edge_auth.tokens.own_claims import OwnClaims
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.factors import with_used


class Mark(NamedTuple):
    """The mark of an address that mails came back from. It counts as long as the user has this address."""

    address: str
    at_seconds: int


NO_MARK = Mark("", 0)


@dataclass
class MemoryStore:
    """All tables of a deployment. Every act holds the lock, because a write to one item in DynamoDB is atomic."""

    identities: dict[str, Identity] = field(default_factory=dict)
    sessions: dict[tuple[str, str], Session] = field(default_factory=dict)
    ended: dict[tuple[str, str], EndedSession] = field(default_factory=dict)
    end_ids: dict[tuple[str, str], str] = field(default_factory=dict)
    challenges: dict[tuple[str, str], Challenge] = field(default_factory=dict)
    guesses: dict[tuple[str, str], int] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)
    spent_challenges: set[str] = field(default_factory=set)
    lock: threading.RLock = field(default_factory=threading.RLock)


class MemoryIdentities:
    """The port `Identities`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def find(self, username: str) -> Identity:
        """Read a user."""
        with self._store.lock:
            if username not in self._store.identities:
                raise UnknownUser("there is no such user")
            return self._store.identities[username]

    def find_by_id(self, user_id: str) -> Identity:
        """Read the user with this id."""
        with self._store.lock:
            for identity in self._store.identities.values():
                if identity.user_id == user_id:
                    return identity
            raise UnknownUser("there is no such user")

    def create(self, identity: Identity) -> None:
        """Add a user."""
        with self._store.lock:
            ids = {other.user_id for other in self._store.identities.values()}
            if identity.username in self._store.identities or identity.user_id in ids:
                raise UsernameTaken(f"the user name is taken: {identity.username}")
            self._store.identities[identity.username] = identity
            if identity.status == UNCONFIRMED:
                self._store.waiting.add(identity.user_id)

    def renew_hash(self, identity: Identity, password_hash: str) -> str:
        """Replace the hash that was checked, and return the one that stands."""
        with self._store.lock:
            current = self._store.identities.get(identity.username)
            checked = (identity.user_id, identity.password_hash)
            if current is None:
                return ""
            if (current.user_id, current.password_hash) != checked:
                return current.password_hash
            self._store.identities[identity.username] = replace(current, password_hash=password_hash)
            return password_hash

    def change_password(self, identity: Identity, password_hash: str) -> Identity:
        """Replace the password and move the epoch."""
        with self._store.lock:
            return self._put(replace(self._current(identity), password_hash=password_hash))

    def replace_password(self, identity: Identity, password_hash: str) -> None:
        """Replace the password if the user has not changed since it was read."""
        with self._store.lock:
            self._check_as_read(identity)
            self.change_password(identity, password_hash)

    def change_status(self, identity: Identity, status: str) -> Identity:
        """Change the status and move the epoch."""
        with self._store.lock:
            waits = status == ACTIVE and identity.user_id in self._store.waiting
            return self._put(replace(self._current(identity), status=UNCONFIRMED if waits else status))

    def change_rights(self, identity: Identity, *, scope: str, roles: tuple[str, ...]) -> Identity:
        """Replace scope and roles and move the epoch."""
        with self._store.lock:
            return self._put(replace(self._current(identity), scope=scope, roles=roles))

    def change_claims(self, identity: Identity, claims: OwnClaims) -> Identity:
        """Replace the own claims and move the epoch."""
        with self._store.lock:
            return self._put(replace(self._current(identity), claims=claims))

    def rename(self, identity: Identity, username: str) -> Identity:
        """Give the user another name."""
        with self._store.lock:
            if self.find_by_id(identity.user_id).username == username:
                return self.find_by_id(identity.user_id)
            current = self._current(identity)
            if username in self._store.identities:
                raise UsernameTaken(f"the user name is taken: {username}")
            del self._store.identities[current.username]
            self._store.identities[username] = replace(current, username=username)
            return self._store.identities[username]

    def change_email(self, identity: Identity, email: str, *, verified_at_seconds: int) -> Identity:
        """Replace the address."""
        with self._store.lock:
            mark = self._store.marks.get(identity.user_id, NO_MARK)
            changed = replace(
                self._current(identity),
                email=email,
                email_verified_at_seconds=verified_at_seconds,
                email_bounced_at_seconds=mark.at_seconds if mark.address == email else 0,
            )
            self._store.identities[identity.username] = changed
            return changed

    def delete(self, identity: Identity) -> None:
        """Remove the user if it has not changed since it was read."""
        with self._store.lock:
            self._check_as_read(identity)
            del self._store.identities[identity.username]
            self._store.marks.pop(identity.user_id, None)

    def _check_as_read(self, identity: Identity) -> None:
        current = self._store.identities.get(identity.username)
        if current is None or (current.user_id, current.epoch) != (identity.user_id, identity.epoch):
            raise EpochMoved

    def _current(self, identity: Identity) -> Identity:
        current = self.find(identity.username)
        if current.user_id != identity.user_id:
            raise UnknownUser("there is no such user")
        return current

    def _put(self, changed: Identity) -> Identity:
        self._store.identities[changed.username] = replace(changed, epoch=changed.epoch + 1)
        return self._store.identities[changed.username]

    def move_epoch(self, user_id: str) -> None:
        """Move the epoch."""
        with self._store.lock:
            self._put(self.find_by_id(user_id))


class MemorySessionOpening:
    """The port `SessionOpening`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def open(self, session: Session, *, username: str, epoch: int, factor: FactorUse | None = None) -> None:
        """Add a session if the epoch has not moved, and the second factor can be used."""
        with self._store.lock:
            identity = self._store.identities.get(username)
            seen = (session.user_id, epoch, ACTIVE)
            if identity is None or (identity.user_id, identity.epoch, identity.status) != seen:
                raise EpochMoved
            if (session.user_id, session.session_id) in self._store.sessions:
                raise TemporarilyUnavailable("the session id exists")
            if factor is not None:
                self._store.identities[username] = with_used(identity, factor)
            self._store.sessions[session.user_id, session.session_id] = session


def with_used_passkey(store: MemoryStore, identity: Identity, use: PasskeyUse) -> Identity:
    """Return the user after the use of a passkey. Raises ChallengeSpent and EpochMoved."""
    if use.challenge.challenge_id in store.spent_challenges:
        raise ChallengeSpent
    stored = {passkey.credential_id: passkey for passkey in identity.passkeys}
    found = stored.get(use.before.credential_id)
    if found is None or (found.public_key, found.sign_count) != (use.before.public_key, use.before.sign_count):
        raise EpochMoved
    return replace(identity, passkeys=tuple({**stored, use.before.credential_id: use.after}.values()))


class MemorySessionReplacement:
    """The port `SessionReplacement`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def replace(
        self,
        old: Session,
        new: Session,
        *,
        username: str,
        epoch: int,
        end_id: str,
        factor: FactorUse | PasskeyUse | None = None,
    ) -> None:
        """End a session and open another one."""
        with self._store.lock:
            identity, found = (
                self._store.identities.get(username),
                self._store.sessions.get((old.user_id, old.session_id)),
            )
            if identity is None or (identity.epoch, identity.status) != (epoch, ACTIVE):
                raise EpochMoved
            if found is None or (found.seed_hash, found.generation) != (old.seed_hash, old.generation):
                raise AlreadyEnded
            if isinstance(factor, PasskeyUse):
                after = with_used_passkey(self._store, identity, factor)
                MemorySessionOpening(self._store).open(new, username=username, epoch=epoch)
                self._store.spent_challenges.add(factor.challenge.challenge_id)
                self._store.identities[username] = after
            else:
                MemorySessionOpening(self._store).open(new, username=username, epoch=epoch, factor=factor)
            del self._store.sessions[old.user_id, old.session_id]
            self._store.ended[old.user_id, old.session_id] = EndedSession(
                old.generation, old.seed_hash, new.auth_time_seconds, STEPPED_UP, max(0, old.base)
            )
            self._store.end_ids[old.user_id, old.session_id] = end_id


class MemorySessions:
    """The port `Sessions`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def rotate(
        self, token: RefreshToken, rotation: Rotation, *, grace_seconds: int, wanted_scope: tuple[str, ...]
    ) -> Session:
        """Rotate under the write's condition. The fake repeats it, because it must not use the rule under test."""
        with self._store.lock:
            found = self._current(token, rotation)
            is_in_grace = grace_seconds > 0 and found.rotated_at_ms > rotation.now_ms - grace_seconds * 1000
            if is_in_grace or any(word not in found.scope.split() for word in wanted_scope):
                raise RotationRefused(found)
            return self._advance(found._replace(base=found.generation), rotation)

    def retry_late(self, found: Session, rotation: Rotation) -> Session:
        """Issue the next generation for the base, under the write's condition."""
        with self._store.lock:
            now = self._current(found, rotation)
            if now.base != found.base:
                raise RotationRefused(now)
            return self._advance(now, rotation)

    def _current(self, seen: Endable, rotation: Rotation) -> Session:
        """Return the session that is at the generation that was seen, and lives. Raises RotationRefused."""
        key = (seen.user_id, seen.session_id)
        found = self._store.sessions.get(key)
        if (
            found is None
            or found.generation != seen.generation
            or found.seed_hash != seen.seed_hash
            or found.transport != rotation.transport
            or found.absolute_expires_at_seconds <= rotation.now_ms // 1000
            or found.idle_expires_at_seconds <= rotation.now_ms // 1000
        ):
            raise RotationRefused(found or self._store.ended.get(key))
        return found

    def _advance(self, session: Session, rotation: Rotation) -> Session:
        advanced = session._replace(
            generation=session.generation + 1,
            rotated_at_ms=rotation.now_ms,
            rotation_id=rotation.rotation_id,
            idle_expires_at_seconds=rotation.idle_expires_at_seconds,
            client=rotation.client._replace(name=session.client.name),
            mac_hash=rotation.mac_hash,
            earlier_mac_hash=rotation.earlier_mac_hash,
        )
        self._store.sessions[session.user_id, session.session_id] = advanced
        return advanced

    def end(self, session: Endable, *, reason: str, end_id: str, now_seconds: int, is_published: bool = False) -> None:
        """End a session, and keep a record of it."""
        key = (session.user_id, session.session_id)
        with self._store.lock:
            found = self._store.sessions.get(key)
            if found is not None and session.seed_hash in (b"", found.seed_hash):
                del self._store.sessions[key]
                self._store.ended[key] = EndedSession(
                    session.generation, session.seed_hash, now_seconds, reason, max(0, session.base), is_published
                )
                self._store.end_ids[key] = end_id
            elif self._store.end_ids.get(key) != end_id:
                raise AlreadyEnded

    def find(self, user_id: str, session_id: str) -> Session | None:
        """Read one session that has not ended."""
        with self._store.lock:
            return self._store.sessions.get((user_id, session_id))

    def find_ended(self, user_id: str, session_id: str) -> EndedSession | None:
        """Read the record of a session's end."""
        with self._store.lock:
            return self._store.ended.get((user_id, session_id))

    def ended_since(self, user_id: str, since_seconds: int) -> list[str]:
        """Return the ids of the sessions that ended since then, without those that are marked, the latest first."""
        with self._store.lock:
            found = [
                (ended.ended_at_seconds, session_id)
                for (owner, session_id), ended in self._store.ended.items()
                if owner == user_id and ended.ended_at_seconds >= since_seconds and not ended.is_published
            ]
        return [session_id for _, session_id in sorted(found, reverse=True)]

    def mark_published(self, user_id: str, session_id: str) -> None:
        """Mark the record of an end, if there is one."""
        with self._store.lock:
            if (user_id, session_id) in self._store.ended:
                marked = self._store.ended[user_id, session_id]._replace(is_published=True)
                self._store.ended[user_id, session_id] = marked

    def living(self, user_id: str, *, now_seconds: int) -> list[Session]:
        """Read the living sessions of a user."""
        return [session for session in self._of(user_id) if session.is_live(now_seconds)]

    def to_end(self, user_id: str) -> list[SeenSession]:
        """Read all sessions of a user that have not ended."""
        return [_seen(session) for session in self._of(user_id)]

    def forget(self, user_id: str) -> None:
        """Delete the sessions of a user, and the records of their ends."""
        with self._store.lock:
            for kept in (self._store.sessions, self._store.ended, self._store.end_ids):
                for key in [key for key in kept if key[0] == user_id]:
                    del kept[key]

    def oldest_first(self, user_id: str, *, now_seconds: int) -> list[SeenSession]:
        """Read the living sessions of a user, oldest first."""
        living = self.living(user_id, now_seconds=now_seconds)
        return [_seen(session) for session in sorted(living, key=lambda one: (one.created_at_ms, one.session_id))]

    def _of(self, user_id: str) -> list[Session]:
        with self._store.lock:
            return [session for (owner, _), session in self._store.sessions.items() if owner == user_id]


def _seen(session: Session) -> SeenSession:
    return SeenSession(session.user_id, session.session_id, session.generation, session.seed_hash, session.base)


class FixedKeyRing:
    """The port `KeyRingSource` with keys that never change."""

    def __init__(self, keys: KeysInForce) -> None:
        """Keep these keys."""
        self.keys = keys

    def load(self) -> KeysInForce:
        """Return the keys."""
        return self.keys


class MemoryKeyRingStore:
    """The port `KeyRingStore`."""

    def __init__(self) -> None:
        """Begin without a ring."""
        self._stored: StoredRing | None = None
        self._lock = threading.Lock()

    def read(self) -> StoredRing | None:
        """Read the ring."""
        with self._lock:
            return self._stored

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Keep the ring in place of the version `after`."""
        with self._lock:
            version = f"after {after}"
            now = self._stored
            if now is not None and now.version == version and now.ring == ring:
                return now
            if (now.version if now else None) != after:
                raise RingMoved
            self._stored = StoredRing(ring, version)
            return self._stored

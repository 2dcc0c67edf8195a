"""Passkeys in memory. They pass the same contract suite as the DynamoDB adapters."""

from dataclasses import replace

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.ports.passkeys import PasskeyUse
from edge_auth.sessions.session import Session
from tests.support.fakes.stores import MemorySessionOpening, MemoryStore, with_used_passkey


class MemoryPasskeyOpening:
    """The port `PasskeyOpening`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def open(self, session: Session, identity: Identity, use: PasskeyUse) -> None:
        """Add the session, if the challenge is not spent and nothing has changed."""
        with self._store.lock:
            current = _as_read(self._store, identity)
            if current.status != ACTIVE:
                raise EpochMoved
            after = with_used_passkey(self._store, current, use)
            MemorySessionOpening(self._store).open(session, username=identity.username, epoch=identity.epoch)
            self._store.spent_challenges.add(use.challenge.challenge_id)
            self._store.identities[identity.username] = after


class MemoryPasskeys:
    """The port `PasskeyStore`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def add(self, identity: Identity, passkey: RegisteredPasskey) -> None:
        """Add a passkey."""
        with self._store.lock:
            current = _as_read(self._store, identity)
            if passkey in current.passkeys:
                return
            passkeys = _by_id(current)
            if passkey.credential_id in passkeys or len(passkeys) != len(identity.passkeys):
                raise EpochMoved
            _keep(self._store, _moved(current), {**passkeys, passkey.credential_id: passkey})

    def rename(self, identity: Identity, credential_id: bytes, name: str) -> None:
        """Give a passkey another name."""
        with self._store.lock:
            passkeys = _by_id(_as_read(self._store, identity))
            if credential_id not in passkeys:
                raise EpochMoved
            named = passkeys[credential_id]._replace(name=name)
            _keep(self._store, identity, {**passkeys, credential_id: named})

    def remove(self, identity: Identity, credential_id: bytes) -> None:
        """Remove a passkey, and move the epoch."""
        with self._store.lock:
            found = self._store.identities.get(identity.username)
            if found is not None and found.user_id == identity.user_id and credential_id not in _by_id(found):
                return
            current = _as_read(self._store, identity)
            passkeys = _by_id(current)
            del passkeys[credential_id]
            _keep(self._store, _moved(replace(current, epoch=current.epoch + 1)), passkeys)


def _as_read(store: MemoryStore, identity: Identity) -> Identity:
    current = store.identities.get(identity.username)
    if current is None or (current.user_id, current.epoch) != (identity.user_id, identity.epoch):
        raise EpochMoved
    return current


def _moved(identity: Identity) -> Identity:
    return replace(identity, factors_version=identity.factors_version + 1)


def _by_id(identity: Identity) -> dict[bytes, RegisteredPasskey]:
    return {passkey.credential_id: passkey for passkey in identity.passkeys}


def _keep(store: MemoryStore, identity: Identity, passkeys: dict[bytes, RegisteredPasskey]) -> None:
    oldest_first = sorted(passkeys.values(), key=lambda passkey: (passkey.created_at_seconds, passkey.credential_id))
    store.identities[identity.username] = replace(identity, passkeys=tuple(oldest_first))

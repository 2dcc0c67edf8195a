"""The port `FactorStore` in memory, and the use of a factor."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge_auth.accounts.factors import MAX_FAILURES, Factors
from edge_auth.accounts.identity import Identity
from edge_auth.errors import UnknownUser
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.keys.sealing_key import SealingKeys

if TYPE_CHECKING:
    from tests.support.fakes.stores import MemoryStore


def with_used(identity: Identity, use: FactorUse) -> Identity:
    """Return the user after the use of a second factor. Raises EpochMoved: it cannot be used."""
    factors = identity.factors
    if factors is None or identity.factors_version != use.factors_version:
        raise EpochMoved
    changed = replace(factors, failures=factors.failures - use.forgiven, totp=use.totp or factors.totp)
    if use.recovery_code:
        if use.recovery_code not in factors.recovery:
            raise EpochMoved
        return replace(identity, factors=replace(changed, failures=0, recovery=factors.recovery - {use.recovery_code}))
    if use.totp_step <= factors.totp_step or not use.forgiven <= factors.failures < MAX_FAILURES:
        raise EpochMoved
    return replace(identity, factors=replace(changed, totp_step=use.totp_step))


@dataclass
class FixedSealingKeys:
    """The port `SealingKeySource` with keys that the test sets."""

    keys: SealingKeys

    def load(self) -> SealingKeys:
        """Return the keys."""
        return self.keys


class MemoryFactors:
    """The port `FactorStore`."""

    def __init__(self, store: "MemoryStore") -> None:
        """Use this store."""
        self._store = store

    def enrol(self, identity: Identity, factors: Factors) -> None:
        """Give the user these factors."""
        self._change(identity, lambda user: _moved(replace(user, factors=factors, epoch=user.epoch + 1)))

    def replace_codes(self, identity: Identity, recovery: frozenset[str]) -> None:
        """Replace the recovery codes."""
        self._change(identity, lambda user: _moved(replace(user, factors=replace(_had(user), recovery=recovery))))

    def remove(self, identity: Identity) -> None:
        """Take the factors away."""

        def without(user: Identity) -> Identity:
            _had(user)
            return _moved(replace(user, factors=None, epoch=user.epoch + 1))

        self._change(identity, without)

    def count_failure(self, identity: Identity) -> int:
        """Count a wrong code."""

        def counted(user: Identity) -> Identity:
            return replace(user, factors=replace(_had(user), failures=_had(user).failures + 1))

        with self._store.lock:
            user = self._store.identities.get(identity.username, identity)
            seen = replace(identity, epoch=user.epoch)  # whatever has moved it
            return _had(self._change(seen, counted)).failures

    def unlock(self, identity: Identity) -> None:
        """Forget the wrong codes."""
        with self._store.lock:
            user = self._of_operator(identity)
            if user.factors is not None:
                self._store.identities[user.username] = replace(user, factors=replace(user.factors, failures=0))

    def reset(self, identity: Identity) -> None:
        """Take the factors and the passkeys away."""
        with self._store.lock:
            user = self._of_operator(identity)
            without = replace(user, factors=None, passkeys=(), epoch=user.epoch + 1)
            self._store.identities[user.username] = _moved(without)

    def _of_operator(self, identity: Identity) -> Identity:
        user = self._store.identities.get(identity.username)
        if user is None or user.user_id != identity.user_id:
            raise UnknownUser
        return user

    def _change(self, identity: Identity, change: Callable[[Identity], Identity]) -> Identity:
        with self._store.lock:
            user = self._store.identities.get(identity.username)
            seen = (identity.user_id, identity.epoch, identity.factors_version)
            if user is None or (user.user_id, user.epoch, user.factors_version) != seen:
                raise EpochMoved
            self._store.identities[user.username] = change(user)
            return self._store.identities[user.username]


def _had(identity: Identity) -> Factors:
    if identity.factors is None:
        raise EpochMoved
    return identity.factors


def _moved(identity: Identity) -> Identity:
    return replace(identity, factors_version=identity.factors_version + 1)

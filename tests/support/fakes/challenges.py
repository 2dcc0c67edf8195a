"""Challenges in memory. They pass the same contract suite as the DynamoDB adapters."""

from collections.abc import Callable
from dataclasses import replace

from edge_auth.accounts.challenge import MAX_GUESSES, Challenge
from edge_auth.accounts.identity import ACTIVE, UNCONFIRMED, Identity
from edge_auth.flows.ports.challenges import ChallengeGone, NewerChallenge, ProofSpent, RemovedFactors
from edge_auth.flows.ports.factors import FactorUse
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.tokens.proof_token import Kind, Proof
from tests.support.fakes.factors import with_used
from tests.support.fakes.stores import MemoryStore


class MemoryChallenges:
    """The port `Challenges`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def put(self, challenge: Challenge) -> None:
        """Store a challenge, unless a newer one stands."""
        key = (challenge.proof.kind.value, challenge.proof.user_id)
        with self._store.lock:
            found = self._store.challenges.get(key)
            if found is None or (_is_newer(challenge, found) and _yields(found, challenge)):
                self._store.challenges[key] = challenge
                self._store.guesses[key] = 0
            elif found.proof.proof_id != challenge.proof.proof_id:
                raise NewerChallenge

    def find(self, kind: Kind, user_id: str) -> Challenge:
        """Read the newest challenge."""
        with self._store.lock:
            if (kind.value, user_id) not in self._store.challenges:
                raise ChallengeGone
            return self._store.challenges[kind.value, user_id]

    def guess(self, kind: Kind, user_id: str, *, now_seconds: int) -> Challenge:
        """Count a guess."""
        key = (kind.value, user_id)
        with self._store.lock:
            found = self.find(kind, user_id)
            if self._store.guesses[key] >= MAX_GUESSES or found.proof.expires_at_seconds <= now_seconds:
                raise ChallengeGone
            self._store.guesses[key] += 1
            self._store.challenges[key] = found._replace(is_delivered=False)
            return self._store.challenges[key]

    def end_undo(self, user_id: str) -> None:
        """Delete the challenge of an undoing."""
        with self._store.lock:
            self._store.challenges.pop((Kind.UNDO.value, user_id), None)

    def forget(self, user_id: str) -> None:
        """Delete all challenges of a user."""
        with self._store.lock:
            for key in [key for key in self._store.challenges if key[1] == user_id]:
                del self._store.challenges[key]


def _is_newer(challenge: Challenge, found: Challenge) -> bool:
    return found.proof.expires_at_seconds < challenge.proof.expires_at_seconds


def _yields(found: Challenge, challenge: Challenge) -> bool:
    """Return whether what stands yields, if it is an operator's."""
    return (
        challenge.yields_at_seconds > 0
        or found.yields_at_seconds <= challenge.proof.expires_at_seconds
        or found.spent_at_seconds > 0
        or found.proof.binding != challenge.proof.binding
    )


class MemoryRedemptions:
    """The port `Redemptions`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def set_password(
        self,
        proof: Proof,
        identity: Identity,
        password_hash: str,
        *,
        now_seconds: int,
        factor: FactorUse | None = None,
    ) -> None:
        """Spend the proof, use the factor, replace the password and move the epoch."""
        with self._store.lock:
            self._check_unspent(proof, now_seconds)
            try:
                found = self._as_read_at(identity)
                found = with_used(found, factor) if factor else found
            except EpochMoved:
                raise EpochMoved if factor else ProofSpent from None
            self._spend(proof, now_seconds)
            if identity.status == UNCONFIRMED:
                self._store.waiting.discard(identity.user_id)
                found = self._reached(found, identity.email, now_seconds, status=ACTIVE)
            self._put(replace(found, password_hash=password_hash, epoch=found.epoch + 1))

    def confirm(
        self, proof: Proof, identity: Identity, email: str, undo: Challenge | None, *, now_seconds: int
    ) -> None:
        """Spend the proof, and write the address."""
        with self._store.lock:
            found = self._checked(proof, identity, now_seconds, self._as_read_at)
            if undo is not None:
                key = (undo.proof.kind.value, undo.proof.user_id)
                waiting = self._store.challenges.get(key)
                if (
                    waiting is not None
                    and not waiting.spent_at_seconds
                    and waiting.proof.expires_at_seconds > now_seconds
                ):
                    raise ProofSpent
                self._store.challenges[key] = undo
                self._store.guesses[key] = 0
                found = replace(found, password_hash_at_change=found.password_hash)
            self._spend(proof, now_seconds)
            self._store.waiting.discard(identity.user_id)
            self._put(self._reached(found, email, now_seconds, status=ACTIVE))

    def undo(
        self,
        proof: Proof,
        identity: Identity,
        email: str,
        *,
        now_seconds: int,
        removed: RemovedFactors | None = None,
    ) -> None:
        """Spend the proof, and give the address back."""
        with self._store.lock:
            found = self._checked(proof, identity, now_seconds, self._as_read)
            if removed is not None:
                if found.factors_version != identity.factors_version:
                    raise ProofSpent
                found = replace(
                    found,
                    factors=None if removed.has_app else found.factors,
                    passkeys=tuple(each for each in found.passkeys if each.credential_id not in removed.passkeys),
                    factors_version=found.factors_version + 1,
                )
            self._spend(proof, now_seconds)
            reached = self._reached(found, email, now_seconds, status=found.status)
            self._put(replace(reached, password_hash="", password_hash_at_change="", epoch=found.epoch + 1))

    def _reached(self, user: Identity, email: str, now_seconds: int, *, status: str) -> Identity:
        """Return the user with an address at which a mail has arrived, and take the mark away."""
        self._store.marks.pop(user.user_id, None)
        return replace(
            user, email=email, email_verified_at_seconds=now_seconds, email_bounced_at_seconds=0, status=status
        )

    def _checked(
        self, proof: Proof, identity: Identity, now_seconds: int, as_read: Callable[[Identity], Identity]
    ) -> Identity:
        self._check_unspent(proof, now_seconds)
        try:
            return as_read(identity)
        except EpochMoved:
            raise ProofSpent from None

    def _check_unspent(self, proof: Proof, now_seconds: int) -> None:
        challenge = self._store.challenges.get((proof.kind.value, proof.user_id))
        if (
            challenge is None
            or challenge.proof.proof_id != proof.proof_id
            or challenge.spent_at_seconds
            or challenge.proof.expires_at_seconds <= now_seconds
        ):
            raise ProofSpent

    def _as_read(self, identity: Identity) -> Identity:
        found = self._store.identities.get(identity.username)
        as_read = (identity.user_id, identity.epoch, identity.status)
        if found is None or (found.user_id, found.epoch, found.status) != as_read:
            raise EpochMoved
        return found

    def _as_read_at(self, identity: Identity) -> Identity:
        found = self._as_read(identity)
        if found.email != identity.email:
            raise EpochMoved
        return found

    def _spend(self, proof: Proof, now_seconds: int) -> None:
        key = (proof.kind.value, proof.user_id)
        self._store.challenges[key] = self._store.challenges[key]._replace(
            username="", email="", language="", is_delivered=False, spent_at_seconds=now_seconds
        )

    def _put(self, changed: Identity) -> None:
        self._store.identities[changed.username] = changed

"""Makes challenges: a fresh proof of each kind, bound to what the table has of its user."""

import hmac

from edge_auth import base64url
from edge_auth.accounts.challenge import Challenge
from edge_auth.accounts.identity import Identity
from edge_auth.flows.ports.key_ring import KeyRingSource
from edge_auth.flows.ports.time_and_randomness import Clock, Entropy
from edge_auth.keys.mac_key import MacKey
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof, bound
from edge_auth.tokens.refresh_token import new_id
from edge_auth.tokens.token_form import ID_BYTES

RESET_SECONDS = 1800  # long enough for a slow mail; OWASP Forgot Password Cheat Sheet: a short time
CONFIRM_SECONDS = 3600
UNDO_SECONDS = 72 * 3600  # SC5: the owner of the old address may be away for a weekend

_NAME_DOMAIN = b"edge-auth unknown user"


class NewChallenge:
    """Makes challenges under the MAC key of the moment. Nothing is stored."""

    def __init__(self, *, key_ring: KeyRingSource, clock: Clock, entropy: Entropy) -> None:
        """Keep what every challenge needs."""
        self._key_ring = key_ring
        self._clock = clock
        self._entropy = entropy

    def reset(self, identity: Identity, *, is_delivered: bool = True) -> Challenge:
        """Return the challenge of a user who has forgotten the password. Without a delivery, it is an operator's.

        All resets live equally long. So an operator's yields to those that are asked for after its end.
        """
        proof = self._proof(Kind.RESET, identity.user_id, reset_binding(identity), RESET_SECONDS)
        challenge = self._of(identity, proof, identity.email, is_delivered=is_delivered)
        yields_at_seconds = 0 if is_delivered else proof.expires_at_seconds + RESET_SECONDS
        return challenge._replace(yields_at_seconds=yields_at_seconds)

    def confirm(self, identity: Identity, email: str) -> Challenge:
        """Return the challenge that shows that this address is the user's."""
        proof = self._proof(Kind.CONFIRM, identity.user_id, confirm_binding(identity, email), CONFIRM_SECONDS)
        return self._of(identity, proof, email)

    def undo(self, identity: Identity) -> Challenge:
        """Return the challenge with which the present address can undo its change."""
        proof = self._proof(Kind.UNDO, identity.user_id, undo_binding(identity.user_id, identity.email), UNDO_SECONDS)
        return self._of(identity, proof, identity.email)

    def for_nobody(self, user_id: str) -> Challenge:
        """Return a challenge that looks like that of a reset, and whose proof is worth nothing. No mail brings it.

        It has no name: a stranger may type anything, and a user perhaps a password.
        """
        proof = self._proof(Kind.RESET, user_id, self._entropy(BINDING_BYTES), RESET_SECONDS)
        return Challenge(proof, self._key_ring.load().mac.key_id, username="", email="")

    def _proof(self, kind: Kind, user_id: str, binding: bytes, lifetime_seconds: int) -> Proof:
        return Proof(kind, new_id(self._entropy), user_id, self._clock() // 1000 + lifetime_seconds, binding)

    def _of(self, identity: Identity, proof: Proof, email: str, *, is_delivered: bool = True) -> Challenge:
        key_id = self._key_ring.load().mac.key_id
        return Challenge(proof, key_id, identity.username, email, identity.language, is_delivered=is_delivered)


def reset_binding(identity: Identity) -> bytes:
    """Return what the proof of a reset is bound to: it ends with all that proves who the user is (SC5)."""
    return _bound(identity, identity.email)


def confirm_binding(identity: Identity, email: str) -> bytes:
    """Return what the proof of this address is bound to: as `reset_binding`, and the present address, too (SC4).

    No address has the character between the present one and the one to confirm.
    """
    return _bound(identity, f"{identity.email}\0{email}")


def undo_binding(user_id: str, email: str) -> bytes:
    """Return what the undoing is bound to: only user and address.

    Whoever has stolen the account can change its password and end its sessions. That must not end the owner's way back.
    """
    return bound(user_id, epoch=0, password_hash="", email=email)


def _bound(identity: Identity, email: str) -> bytes:
    return bound(
        identity.user_id,
        epoch=identity.epoch,
        password_hash=identity.password_hash,
        email=email,
        factors_version=identity.factors_version,
    )


def id_of_nobody(username: str, key: MacKey) -> str:
    """Return the id under which the challenge of an unknown user is stored: for each name another one, always the same.

    So each write and each guess is the same, whether or not there is such a user (P8).
    """
    return base64url.encode(hmac.digest(key.secret, _NAME_DOMAIN + username.encode(), "sha256")[:ID_BYTES])

"""The tokens of a login that is not over: its password was right, and a code or an enrolment is still to come."""

import hmac

from edge_auth import base64url
from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.errors import InvalidProof
from edge_auth.keys.ring import KeysInForce
from edge_auth.throttling.counters import Attempt
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind, Proof, bound

LIFETIME_SECONDS = {
    Kind.MFA: 300,  # to find the phone
    Kind.ENROL: 900,  # to get an app first
}
_TIME_BYTES = 8


def written_token(kind: Kind, identity: Identity, attempt: Attempt, keys: KeysInForce, *, now_seconds: int) -> str:
    """Write a token of this kind for a user whose password was right.

    The id of the proof is the attempt at the password, so that the second step can take its failure back.
    """
    name = attempt.at_ms.to_bytes(_TIME_BYTES, "big") + bytes.fromhex(attempt.attempt_id)
    expires_at_seconds = now_seconds + LIFETIME_SECONDS[kind]
    proof = Proof(kind, base64url.encode(name), identity.user_id, expires_at_seconds, binding_of(identity))
    return proof_token.mint(proof, keys.mac)


def read_token(text: str, kind: Kind, keys: KeysInForce, *, now_seconds: int) -> Proof:
    """Read an authentic token of this kind. Raises InvalidProof."""
    return proof_token.parse(text, keys.mac_keys, kind, now_seconds=now_seconds)


def binding_of(identity: Identity) -> bytes:
    """Return what such a token of this user is bound to: everything that the first step has checked."""
    return bound(
        identity.user_id,
        epoch=identity.epoch,
        password_hash=identity.password_hash,
        email=identity.email,
        factors_version=identity.factors_version,
    )


def check_bound(proof: Proof, user: Identity | None) -> Identity:
    """Return the user, if the token is this active user's, and nothing has changed since. Raises InvalidProof."""
    if user is None or proof.user_id != user.user_id or user.status != ACTIVE:
        raise InvalidProof("another user, or a disabled one")
    if not hmac.compare_digest(proof.binding, binding_of(user)):
        raise InvalidProof("the user has changed")
    return user


def attempt_of(proof: Proof) -> Attempt:
    """Return the attempt at the password."""
    name = base64url.decode(proof.proof_id)
    return Attempt(name[_TIME_BYTES:].hex(), int.from_bytes(name[:_TIME_BYTES], "big"))

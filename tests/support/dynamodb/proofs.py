"""Proofs and challenges for the stores. All values differ, so a test notices a swap of two."""

from typing import Any

from edge_auth import base64url
from edge_auth.accounts.challenge import Challenge
from edge_auth.tokens.proof_token import BINDING_BYTES, Kind, Proof
from tests.support.dynamodb.records import ADA_ID, NOW_SECONDS


def a_proof(kind: Kind = Kind.RESET, *, number: int = 1, seconds: int = 1800, user_id: str = ADA_ID) -> Proof:
    """Return the proof with this number, which ends in this time."""
    proof_id = base64url.encode(number.to_bytes(16))
    return Proof(kind, proof_id, user_id, NOW_SECONDS + seconds, b"b" * BINDING_BYTES)


def a_challenge(proof: Proof | None = None, **changes: Any) -> Challenge:  # noqa: ANN401 - any field of Challenge
    """Return a challenge whose mail is to be sent."""
    challenge = Challenge(proof or a_proof(), b"key-1", "ada@example.com", "ada@mail.example", "en", is_delivered=True)
    return challenge._replace(**changes)

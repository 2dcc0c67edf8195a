"""A challenge: what is stored while a proof is on its way to a user. It is not enough to make the proof."""

from typing import NamedTuple

from edge_auth.tokens.proof_token import Proof

# A code has 8 digits, and an account gets at most ten codes a day (`throttling.limits.MAIL_RATE`). With five guesses at
# each, a stranger finds one with a probability of 5 in 10 million a day.
MAX_GUESSES = 5


class Challenge(NamedTuple):
    """A proof that was asked for, and to whom a mail brings it.

    `mac_key_id` names the MAC key of the proof's token and code. `is_delivered` says that a mail is to be sent to
    `email`, in `language`. `spent_at_seconds` is 0 until the proof was used.
    """

    proof: Proof
    mac_key_id: bytes
    username: str
    email: str
    language: str = ""
    is_delivered: bool = False
    spent_at_seconds: int = 0

"""A challenge: what is stored while a proof is on its way to a user. It is not enough to make the proof."""

from typing import NamedTuple

from edge_auth.tokens.proof_token import Proof

# A code has 8 digits, and strangers cause at most ten codes of an account a day (`throttling.limits.MAIL_RATE`). With
# five guesses at each, they find one with a probability of 5 in 10 million a day.
MAX_GUESSES = 5


class Challenge(NamedTuple):
    """A proof that was asked for, and to whom a mail brings it.

    `mac_key_id` names the MAC key of the proof's token and code. `is_delivered` says that a mail is to be sent to
    `email`, in `language`. `spent_at_seconds` is 0 until the proof was used.

    `yields_at_seconds` is 0, except where an operator hands the proof on. While that one is good, nobody who asks for a
    mail ends it: a challenge takes its place only if it ends at this time or later.
    """

    proof: Proof
    mac_key_id: bytes
    username: str
    email: str
    language: str = ""
    is_delivered: bool = False
    spent_at_seconds: int = 0
    yields_at_seconds: int = 0

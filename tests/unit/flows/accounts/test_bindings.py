"""What the proofs in mails are bound to: the same text in every release."""

from hashlib import sha256

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.flows.accounts.new_challenge import confirm_binding, reset_binding, undo_binding

EMAIL, NEW_EMAIL = "alice@mail.example", "alice@new.example"
ALICE = Identity("A" * 22, "alice", "$hash", ACTIVE, epoch=3, created_at_seconds=0, email=EMAIL, factors_version=2)


def bound_to(*state: str) -> bytes:
    """Return the binding to these texts."""
    return sha256("\0".join(("edge-auth proof token", *state)).encode()).digest()[:24]


def test_a_link_in_a_mailbox_stays_good_with_the_next_release() -> None:
    """SC5: an undoing is possible for three days, and the table keeps what its proof is bound to."""
    user_id = ALICE.user_id
    assert reset_binding(ALICE) == bound_to(user_id, "3", "$hash", EMAIL, "2")
    assert confirm_binding(ALICE, NEW_EMAIL) == bound_to(user_id, "3", "$hash", EMAIL, NEW_EMAIL, "2")
    assert undo_binding(user_id, EMAIL) == bound_to(user_id, "0", "", EMAIL, "0")

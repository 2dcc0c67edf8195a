"""The identity: the stored data of a user."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a deployment without them does not load them
    from edge_auth.accounts.factors import Factors
    from edge_auth.accounts.passkey import RegisteredPasskey

from edge_auth.tokens.own_claims import OwnClaims

ACTIVE = "active"
DISABLED = "disabled"
UNCONFIRMED = "unconfirmed"  # registered, and nobody has shown yet that the address is the user's


@dataclass(frozen=True, slots=True)
class Identity:
    """A user. `user_id` is drawn by `tokens.refresh_token.new_id`, and no other user ever gets it.

    `username` is canonical. `epoch` moves when all sessions of the user are ended. A login that read the old epoch
    cannot open a session any more.

    `email` is empty if the user has no address. `email_verified_at_seconds` is 0 if nobody has shown that the address
    is the user's. `language` is a language tag for mails, such as `de`, or empty. `email_bounced_at_seconds` is
    0 unless a mail to this address came back, or its reader called one unwanted.

    `password_hash_at_change` is the hash that the user had when the address was changed. Whoever undoes the change may
    show that password. It is empty if the address was never changed.

    `claims` are those that operators gave. `factors` are None if the user has no second factor. `factors_version` moves
    with each change of the factors. `passkeys` are the oldest first.
    """

    user_id: str
    username: str
    password_hash: str = field(repr=False)
    status: str
    epoch: int
    created_at_seconds: int
    scope: str = ""
    roles: tuple[str, ...] = ()
    email: str = ""
    email_verified_at_seconds: int = 0
    language: str = ""
    email_bounced_at_seconds: int = 0
    password_hash_at_change: str = field(default="", repr=False)
    claims: OwnClaims = field(default_factory=dict, hash=False)  # a mapping has no hash
    factors: "Factors | None" = None
    factors_version: int = 0
    passkeys: "tuple[RegisteredPasskey, ...]" = ()

    @property
    def is_reachable(self) -> bool:
        """Whether mails that name the user may go to the address: it is known to be the user's, and takes mails."""
        return bool(self.email and self.email_verified_at_seconds) and not self.email_bounced_at_seconds

"""Logins that wait for a second factor: the password was right, and a token says so for five minutes."""

from typing import NamedTuple

from proof.machine.model import ABSENT, ACTIVE, Account, Expected, Option, User
from proof.machine.seen import Seen

INVALID_PROOF = Expected(400, "invalid_proof")
ASKED_SECONDS = 300


class Asked(NamedTuple):
    """An answer that asks for a second factor. `password`, `secrets` and `changes` are what the user had then."""

    user: User
    text: str
    challenge: str  # for a passkey, if the user has one
    password: str
    secrets: frozenset[bytes]
    changes: tuple[int, int]
    until: int

    def options(self, account: Account, option: Option) -> tuple[Option, ...]:
        """Return what a request with the token lets expect: this option, if nothing of the user has changed since."""
        dead = Option(INVALID_PROOF, account)
        is_same = account.password == self.password and account.secret in self.secrets
        if not is_same or account.status != ACTIVE:
            return (dead,)
        return (option,) if self.changes == _changes_of(self.user) else (option, dead)


def asked_by(seen: Seen, user: User, password: str, now: int) -> Asked:
    """Return what an answer to a right password asks for."""
    challenge = seen.body.get("passkey", {}).get("challenge", ABSENT)
    secrets = frozenset(account.secret for account in user.may if account.password == password)
    until = now + ASKED_SECONDS
    return Asked(user, str(seen.body["mfa_token"]), challenge, password, secrets, _changes_of(user), until)


def _changes_of(user: User) -> tuple[int, int]:
    return user.may_have_changed, user.new_codes

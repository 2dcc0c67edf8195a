"""Logins that wait for a second factor, or for its enrolment. A token says that the password was right."""

from typing import NamedTuple

from proof.machine.model import ABSENT, ACTIVE, Account, Expected, Option, User
from proof.machine.seen import Seen

INVALID_PROOF = Expected(400, "invalid_proof")
ASKED_SECONDS = 300
DEMANDED_SECONDS = 900


class Asked(NamedTuple):
    """An answer that asks for a second factor, or for its enrolment. What the user had then follows the challenge."""

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
    return _asked(user, str(seen.body["mfa_token"]), challenge, password, now + ASKED_SECONDS)


def demanded_by(seen: Seen, user: User, password: str, now: int) -> Asked:
    """Return what an answer to a right password demands: that the user enrols an app first."""
    return _asked(user, str(seen.body["enrolment_token"]), ABSENT, password, now + DEMANDED_SECONDS)


def _asked(user: User, text: str, challenge: str, password: str, until: int) -> Asked:
    secrets = frozenset(account.secret for account in user.may if account.password == password)
    return Asked(user, text, challenge, password, secrets, _changes_of(user), until)


def _changes_of(user: User) -> tuple[int, int]:
    return user.may_have_changed, user.new_codes

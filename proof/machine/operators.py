"""What operators do with accounts: status, names, passwords, ends of all sessions."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from proof.machine.administrators import Administrators
from proof.machine.callers import changed
from proof.machine.factors import NO_APP
from proof.machine.model import ACTIVE, DISABLED, GONE, Account, Expected, Option, User, settled
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import World

if TYPE_CHECKING:
    from collections.abc import Callable

    from edge_auth.accounts.identity import Identity

UNKNOWN_USER = Expected(400, "UnknownUser")
DONE = Expected(1)


@dataclass
class Operate:
    """An operator's act on a user, by the name that it has in `send`."""

    world: World
    user: User
    act: str
    password: str = ""

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Find the user by the id, and act."""
        acts: dict[str, Callable[[Administrators, Identity], object]] = {
            "disable": lambda act, found: act.accounts.disable(found),
            "enable": lambda act, found: act.accounts.enable(found),
            "delete": lambda act, found: act.accounts.delete(found),
            "set_password": lambda act, found: act.accounts.set_password(found, self.password),
            "end_sessions": lambda act, found: act.accounts.end_sessions(found),
            "unlock": lambda act, found: act.factors.unlock(found),
            "reset_factors": lambda act, found: act.factors.reset(found),
        }
        return self.world.product.operate(lambda act: acts[self.act](act, act.accounts.find(self.user.user_id)), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the account."""
        user, now_ms = self.user, self.world.now_ms
        user.may = settled(user.may, self._options, seen, has_trouble=has_trouble, what=self.act, generation=None)
        self.world.touched.update(user.sessions)
        if self.act == "unlock":
            return
        if self.act == "enable":
            user.may_have_changed += 1
            user.changes += seen.status == 1
        else:
            changed(user, seen, now_ms, keep=None, is_done=seen.status == 1)

    def _options(self, account: Account) -> tuple[Option, ...]:
        if account.status == GONE:
            return (Option(UNKNOWN_USER, account),)
        disabled = account._replace(status=DISABLED)
        after = {
            "disable": disabled,
            "enable": account._replace(status=ACTIVE),
            "delete": Account("", GONE),
            "set_password": account._replace(password=self.password),
            "end_sessions": account,
            "unlock": account._replace(wrong_codes=0),
            "reset_factors": account._replace(**NO_APP, passkeys=frozenset()),
        }[self.act]
        return (Option(DONE, after, (disabled,) if self.act == "delete" else ()),)


@dataclass
class Rename:
    """An operator gives a user another name. If it fails, the operator runs the command again."""

    world: World
    user: User
    name: str

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Find the user by the id, and rename."""
        first = self.world.product.operate(self._rename, during)
        return self.world.product.operate(self._rename) if first.is_trouble else first

    def _rename(self, act: Administrators) -> object:
        return act.accounts.rename(act.accounts.find(self.user.user_id), self.name)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:  # noqa: ARG002 - the second run had none
        """Sessions go on."""
        self.user.may = settled(
            self.user.may,
            lambda account: (Option(UNKNOWN_USER if account.status == GONE else DONE, account),),
            seen,
            has_trouble=False,
            what="rename",
            generation=None,
        )
        if seen.status == 1:
            self.user.name = self.name
            self.user.may_have_changed += 1
            self.user.wrong.pop("account", None)

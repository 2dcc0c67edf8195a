"""The rules of accounts: what users and operators change."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from proof.machine.draws import MAX_USERS, codes, flag, near, new_password, operator_acts, troubles, which
from proof.machine.history import History
from proof.machine.model import ACTIVE
from proof.machine.new_users import WAYS
from proof.machine.operators import Operate, Rename
from proof.machine.passwords import ChangePassword, Reset
from proof.machine.troubles import Trouble


class AccountRules(History):
    """Users and operators."""

    @precondition(lambda self: self.world.access)
    @rule(session=near, new=which, is_right=flag, trouble=troubles)
    def change_password(self, session: int, new: int, is_right: bool, trouble: Trouble | None) -> None:
        """Change the password, with the current one or with a wrong one."""
        if caller := self._caller(session):
            current = self._password(caller.user) if is_right or new % 4 else "not the right passphrase"
            self._happens("new password", ChangePassword(self.world, caller, current, new_password(new)), trouble)

    @rule(user=which, new=which, is_with_code=flag, kind=codes, trouble=troubles)
    def reset(self, user: int, new: int, is_with_code: bool, kind: str, trouble: Trouble | None) -> None:
        """Reset the password with the link of a mail."""
        chosen = self._user(user)
        if chosen.sure is not None and chosen.sure.status == ACTIVE:
            code = self._code(chosen, kind, new) if is_with_code else ""
            self._happens("reset", Reset(self.world, chosen, new_password(new), code), trouble)

    @rule(user=which, act=operator_acts, new=which, trouble=troubles)
    def operate(self, user: int, act: str, new: int, trouble: Trouble | None) -> None:
        """Act as an operator on a user."""
        chosen = self._user(user)
        if act == "rename":
            self.world.names += 1
            self._happens("operator: rename", Rename(self.world, chosen, f"user{self.world.names}"), trouble)
        elif act != "delete" or new % 3 == 0:
            self._happens(f"operator: {act}", Operate(self.world, chosen, act, new_password(new)), trouble)

    @precondition(lambda self: len(self.world.users) < MAX_USERS)
    @rule(way=st.sampled_from(sorted(WAYS)), trouble=troubles)
    def add_user(self, way: str, trouble: Trouble | None) -> None:
        """Create or import a user, or let one register."""
        self._add_user(way, trouble)

"""The rules of two acts at once."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from proof.machine.acts import Act
from proof.machine.draws import flag, meanwhiles, near, new_password, pick, which
from proof.machine.history import History
from proof.machine.logouts import Logout, Reach
from proof.machine.operators import Operate
from proof.machine.refreshes import Party
from proof.machine.world import BODY, SITE


class RaceRules(History):
    """Something else happens before one of the requests of an act."""

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, other=which, kind=meanwhiles, at=st.integers(0, 3))
    def refresh_meanwhile(self, session: int, other: int, kind: str, at: int) -> None:
        """Refresh, while something else happens."""
        if token := self._held(session):
            self._race("refresh", self._refresh(token, Party.OWNER), self._inner(kind, other), at)

    @rule(user=which, other=which, is_same=flag, kind=meanwhiles, at=st.integers(0, 8))
    def log_in_meanwhile(self, user: int, other: int, is_same: bool, kind: str, at: int) -> None:
        """Log in, while something else happens, perhaps to the same user."""
        if self.world.tokens:
            self._race("login", self._login(user, BODY), self._inner(kind, user if is_same else other), at)

    log_in_meanwhile_again = log_in_meanwhile
    log_in_meanwhile_once_more = log_in_meanwhile

    def _inner(self, kind: str, other: int) -> Act:
        if kind in {"disable", "set_password"}:
            return Operate(self.world, self._user(other), kind, new_password(other))
        token = pick(self.world.tokens[::-1], other)
        if kind == "refresh" and token.session.transport != SITE:
            return self._refresh(token, Party.STRANGER)
        reach = Reach.ALL if kind == "all" else Reach.ONE
        return Logout(self.world, token, token.session.transport, reach)

"""The rules of first logins: of users who must enrol an app first, and of users who come from an earlier system."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from edge_auth.credentials.totp import STEP_SECONDS
from proof.machine.arrivals import Arrive, new_arrival
from proof.machine.asked import DEMANDED_SECONDS, Asked
from proof.machine.draws import flag, near, new_password, pick, transports, troubles
from proof.machine.enrolments import EnrolAtLogin
from proof.machine.history import WRONG_PASSWORD, History
from proof.machine.logins import Login
from proof.machine.model import User
from proof.machine.new_users import GUARDED_CREATED, IMPORTED
from proof.machine.operators import Operate
from proof.machine.troubles import Trouble
from proof.machine.world import BODY, PASSWORD

MAX_ARRIVALS, MAX_GUARDED, MAX_IMPORTED = 2, 2, 2
between = st.sampled_from(("", "", "", "set_password", "disable", "end_sessions"))  # acts of an operator
endings = st.sampled_from(("", "", "delete"))
moments = st.sampled_from((0, 0, 0, 0, DEMANDED_SECONDS - 1, DEMANDED_SECONDS))  # after the demand


class NewcomerRules(History):
    """Users who log in for the first time."""

    @rule(user=near, seconds=moments, act=between, is_again=flag, trouble=troubles)
    def enrol_at_login(self, user: int, seconds: int, act: str, is_again: bool, trouble: Trouble | None) -> None:
        """Log in, enrol the demanded app, perhaps later, twice or after an operator's act, and log in with it."""
        chosen, before = self._guarded(user), len(self.world.demands)
        self._happens("login", Login(self.world, chosen, self._password(chosen), BODY), None)
        if len(self.world.demands) == before:
            return
        self._wait(seconds)
        if act:
            self._happens(f"operator: {act}", Operate(self.world, chosen, act, new_password(user)), None)
        self._enrol(self.world.demands[-1], trouble, is_again=is_again)
        self._wait(STEP_SECONDS)  # the app shows another code
        login = Login(self.world, chosen, self._password(chosen), BODY)
        login.code = self._code(chosen)
        self._happens("login after an enrolment", login, None)

    enrol_at_login_again = enrol_at_login

    @precondition(lambda self: self.world.demands)
    @rule(demand=near, is_again=flag, trouble=troubles)
    def enrol_with_any_token(self, demand: int, is_again: bool, trouble: Trouble | None) -> None:
        """Enrol with any token that was ever issued for it."""
        self._enrol(pick(self.world.demands[::-1], demand), trouble, is_again=is_again)

    @rule(number=near, is_new=flag, act=endings, is_right=flag, transport=transports, trouble=troubles)
    def arrive(
        self, number: int, is_new: bool, act: str, is_right: bool, transport: str, trouble: Trouble | None
    ) -> None:
        """Log in with a name of the earlier system, for the first time or again, or after an operator's act."""
        arrivals = self.world.arrivals
        may_be_new = len(arrivals) < MAX_ARRIVALS
        if (is_new and may_be_new) or not arrivals:
            new_arrival(self.world)
        chosen = pick(arrivals[::-1], number)
        if act and chosen.user:
            self._happens(f"operator: {act}", Operate(self.world, chosen.user, act), None)
        password = PASSWORD if is_right else WRONG_PASSWORD
        self._happens("login from elsewhere", Arrive(self.world, chosen, password, transport), trouble)

    @rule(user=near, transport=transports, is_right=flag, trouble=troubles)
    def log_in_after_import(self, user: int, transport: str, is_right: bool, trouble: Trouble | None) -> None:
        """Log in as a user whose hash was imported, with the password or with a wrong one."""
        chosen = self._imported(user)
        login = Login(self.world, chosen, self._password(chosen) if is_right else WRONG_PASSWORD, transport)
        self._happens("login after an import", login, trouble)

    def _imported(self, number: int) -> User:
        """Return a user whose hash may be weak. Import one, if there is none."""
        imported = [user for user in self.world.users[::-1] if user.is_imported]
        weak = [user for user in imported if user.has_weak_hash]
        if not weak and len(imported) < MAX_IMPORTED:
            self._add_user(IMPORTED, None)
            return self.world.users[-1]
        return pick(weak or imported, number)

    def _guarded(self, number: int) -> User:
        """Return a user who must have an app, and perhaps has none. Add one, if all have one."""
        guarded = [user for user in self.world.users[::-1] if user.must_have_factor]
        without = [user for user in guarded if any(not account.secret for account in user.may)]
        if not without and len(guarded) < MAX_GUARDED:
            self._add_user(GUARDED_CREATED, None)
            return self.world.users[-1]
        return pick(without or guarded, number)

    def _enrol(self, demand: Asked, trouble: Trouble | None, *, is_again: bool) -> None:
        first = EnrolAtLogin(self.world, demand)
        seen = self._happens("enrolment at a login", first, trouble)
        if is_again and (seen.status == 200 or seen.is_trouble) and first.is_sent:
            self._happens("enrolment at a login, again", EnrolAtLogin(self.world, demand, first), None)

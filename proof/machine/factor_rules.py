"""The rules of second factors and passkeys."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from edge_auth.credentials.totp import STEP_SECONDS
from proof.machine.codes import MAX_WRONG_CODES
from proof.machine.draws import MINUTE, codes, flag, near, pick, transports, troubles, which
from proof.machine.factors import Enrol, RemoveApp, ReplaceCodes
from proof.machine.history import History
from proof.machine.logins import Login
from proof.machine.model import Session, User
from proof.machine.passkeys import AddPasskey, PasskeySignIn, RemovePasskey
from proof.machine.step_ups import StepUp
from proof.machine.troubles import Trouble
from proof.machine.world import BODY


class FactorRules(History):
    """Users with apps and passkeys."""

    @precondition(lambda self: self.world.access)
    @rule(session=near, is_later=flag, trouble=troubles)
    def enrol(self, session: int, is_later: bool, trouble: Trouble | None) -> None:
        """Enrol an app, or another one in its place, at once or when the login is not fresh any more."""
        if is_later:
            self._wait(6 * MINUTE)
        if caller := self._caller(session):
            self._happens("enrolment", Enrol(self.world, caller), trouble)

    enrol_again = enrol

    @precondition(lambda self: self.world.access)
    @rule(session=near, kind=codes, number=near, is_replacing=flag)
    def enrol_and_log_in(self, session: int, kind: str, number: int, is_replacing: bool) -> None:
        """Enrol an app, and log in twice with what came with it, perhaps with new recovery codes in between."""
        if caller := self._caller(session):
            self._happens("enrolment", Enrol(self.world, caller), None)
            self._wait(STEP_SECONDS)  # the app shows another code
            opened = self._log_in_with(caller.user, kind, number)
            if opened and is_replacing:
                older = len(caller.user.papers)
                self._happens("new recovery codes", ReplaceCodes(self.world, opened), None)
                kind, number = "paper", number + 1 + len(caller.user.papers) - older  # one of the codes before, unused
            self._log_in_with(caller.user, kind, number)

    @precondition(lambda self: self.world.access)
    @rule(session=near, trouble=troubles)
    def remove_app(self, session: int, trouble: Trouble | None) -> None:
        """Remove the app."""
        if caller := self._caller(session):
            self._happens("removal of the app", RemoveApp(self.world, caller), trouble)

    @precondition(lambda self: self.world.access)
    @rule(session=near, trouble=troubles, number=near)
    def replace_codes(self, session: int, trouble: Trouble | None, number: int) -> None:
        """Ask for new recovery codes, and log in with one of those before."""
        if caller := self._caller(session):
            older = len(caller.user.papers)
            self._happens("new recovery codes", ReplaceCodes(self.world, caller), trouble)
            if older:
                self._log_in_with(caller.user, "paper", number + len(caller.user.papers) - older)

    @precondition(lambda self: self.world.access)
    @rule(session=near, left=st.integers(0, 1), kind=codes, number=near)
    def guess_codes(self, session: int, left: int, kind: str, number: int) -> None:
        """Let a thief have guessed codes for months, until so many are left. Then somebody logs in, and the owner."""
        caller = self._caller(session)
        if caller is None:
            return
        chosen = caller.user
        if not any(account.secret for account in chosen.may):
            self._happens("enrolment", Enrol(self.world, caller), None)
        if all(account.secret for account in chosen.may):
            guessed = MAX_WRONG_CODES - left
            self.product.count_wrong_codes(chosen.user_id, guessed)
            chosen.may = frozenset(account._replace(wrong_codes=guessed) for account in chosen.may)
            self._count("months of guesses")
            for each in (kind, "app"):
                self._wait(STEP_SECONDS)  # the app shows another code
                self._log_in_with(chosen, each, number)

    guess_codes_again = guess_codes

    @rule(user=near, transport=transports, kind=codes, number=near, is_again=flag, trouble=troubles)
    def log_in_with_code(
        self, user: int, transport: str, kind: str, number: int, is_again: bool, trouble: Trouble | None
    ) -> None:
        """Log in with password and code in one request, and perhaps once more with the same code."""
        login = self._login(user, transport)
        login.code = self._code(login.user, kind, number)
        self._happens(login_with(login.code), login, trouble)
        if is_again and login.code:
            again = self._login(user, transport)
            again.code = login.code
            self._happens(login_with(again.code), again, None)

    @precondition(lambda self: self.world.access)
    @rule(session=near, is_with_code=flag, kind=codes, is_newest=flag, trouble=troubles)
    def step_up(self, session: int, is_with_code: bool, kind: str, is_newest: bool, trouble: Trouble | None) -> None:
        """Replace a session by a fresh or stronger one."""
        caller = self._caller(session)
        if caller is None or caller.held is None:
            return
        of_session = [token for token in self.world.tokens if token.session is caller]
        step_up = StepUp(self.world, caller, caller.held if is_newest else pick(of_session, session))
        code = self._code(caller.user, kind, session)
        if code and (is_with_code or session % 3):
            step_up.code = code
        else:
            step_up.password = self._password(caller.user)
        self._happens("step-up", step_up, trouble)

    @precondition(lambda self: self.world.access)
    @rule(session=near, number=st.integers(0, 2), is_newest=flag, trouble=troubles)
    def step_up_with_passkey(self, session: int, number: int, is_newest: bool, trouble: Trouble | None) -> None:
        """Replace a session by one that a passkey opens, and mostly register the passkey first."""
        caller = self._caller(session)
        if caller is None or caller.held is None:
            return
        if number and not any(account.passkeys for account in caller.user.may):
            self._happens("new passkey", AddPasskey(self.world, caller, number), None)
        of_session = [token for token in self.world.tokens if token.session is caller]
        token = caller.held if is_newest else pick(of_session, session)
        shown = StepUp(self.world, caller, token, passkey=self._passkey(caller.user, number))
        self._happens("step-up with a passkey", shown, trouble)

    @precondition(lambda self: self.world.access)
    @rule(session=near, number=st.integers(0, 2), trouble=troubles)
    def add_passkey(self, session: int, number: int, trouble: Trouble | None) -> None:
        """Add a passkey."""
        if caller := self._caller(session):
            self._happens("new passkey", AddPasskey(self.world, caller, number), trouble)

    @rule(user=which, number=st.integers(0, 2), transport=transports, trouble=troubles)
    def log_in_and_add_passkey(self, user: int, number: int, transport: str, trouble: Trouble | None) -> None:
        """Log in, add a passkey, and sign in with it."""
        chosen = self._user(user)
        if opened := self._log_in_with(chosen, "app", 0):
            self._happens("new passkey", AddPasskey(self.world, opened, number), None)
        signed_in = PasskeySignIn(self.world, chosen, self._passkey(chosen, number), transport)
        self._happens("passkey", signed_in, trouble)

    @precondition(lambda self: self.world.access)
    @rule(session=near, number=st.integers(0, 2), trouble=troubles)
    def remove_passkey(self, session: int, number: int, trouble: Trouble | None) -> None:
        """Remove a passkey."""
        if caller := self._caller(session):
            self._happens("removal of a passkey", RemovePasskey(self.world, caller, number), trouble)

    @rule(user=which, number=st.integers(0, 2), transport=transports, trouble=troubles)
    def sign_in_with_passkey(self, user: int, number: int, transport: str, trouble: Trouble | None) -> None:
        """Sign in with a passkey, if the user has one, or with a removed one."""
        chosen = self._user(user)
        if any(account.passkeys for account in chosen.may) or user % 7 == 0:
            picked = self._passkey(chosen, number) if user % 7 else number
            earlier = self._in_browser(transport, user)
            self._happens("passkey", PasskeySignIn(self.world, chosen, picked, transport, earlier), trouble)

    def _log_in_with(self, user: User, kind: str, number: int) -> Session | None:
        login = Login(self.world, user, self._password(user), BODY)
        login.code = self._code(user, kind, number)
        self._happens(login_with(login.code), login, None)
        return login.opened


def login_with(code: str) -> str:
    """Return how a login with such a code is counted."""
    if not code:
        return "login"
    return "login with a recovery code" if "-" in code else "login with a code"

"""The rules of logins in two requests: first the password, and then a second factor with the token of the answer."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from proof.machine.asked import ASKED_SECONDS, Asked
from proof.machine.draws import codes, flag, near, pick, transports, troubles
from proof.machine.history import History
from proof.machine.logins import Login
from proof.machine.model import User
from proof.machine.passkeys import PasskeySignIn
from proof.machine.troubles import Trouble
from proof.machine.world import BODY

moments = st.sampled_from((0, 0, 0, 0, ASKED_SECONDS - 1, ASKED_SECONDS, ASKED_SECONDS + 1))  # after the first step


class TwoStepRules(History):
    """Users who show the password first."""

    @precondition(lambda self: self._with_apps)
    @rule(user=near, kind=codes, number=near, transport=transports, is_twice=flag, trouble=troubles)
    def log_in_in_two_steps(
        self, user: int, kind: str, number: int, transport: str, is_twice: bool, trouble: Trouble | None
    ) -> None:
        """Log in with the password, and then with a code."""
        if asked := self._asked(pick(self._with_apps, user)):
            self._show_code(asked, kind, number, transport, trouble, is_twice=is_twice)

    @precondition(lambda self: self._with_passkeys)
    @rule(user=near, number=near, transport=transports, is_twice=flag, trouble=troubles)
    def log_in_with_password_and_passkey(
        self, user: int, number: int, transport: str, is_twice: bool, trouble: Trouble | None
    ) -> None:
        """Log in with the password, and then with a passkey."""
        if asked := self._asked(pick(self._with_passkeys, user)):
            self._show_passkey(asked, number, transport, trouble, is_twice=is_twice)

    @precondition(lambda self: self.world.asked)
    @rule(asked=near, seconds=moments, is_passkey=flag, kind=codes, number=near, transport=transports, trouble=troubles)
    def go_on_with_a_login(
        self,
        asked: int,
        seconds: int,
        is_passkey: bool,
        kind: str,
        number: int,
        transport: str,
        trouble: Trouble | None,
    ) -> None:
        """Take the second step of a login some time later, with any token that was ever issued."""
        chosen = pick(self.world.asked[::-1], asked)
        self._wait(max(0, chosen.until - ASKED_SECONDS + seconds - self.world.now) if seconds else 0)
        if is_passkey:
            self._show_passkey(chosen, number, transport, trouble, is_twice=False)
        else:
            self._show_code(chosen, kind, number, transport, trouble, is_twice=False)

    @property
    def _with_apps(self) -> list[User]:
        """The users who may have an app, the newest first."""
        return [user for user in self.world.users[::-1] if any(account.secret for account in user.may)]

    @property
    def _with_passkeys(self) -> list[User]:
        """The users who may have a passkey, the newest first."""
        return [user for user in self.world.users[::-1] if any(account.passkeys for account in user.may)]

    def _asked(self, user: User) -> Asked | None:
        """Take the first step, and return what it asks for."""
        before = len(self.world.asked)
        self._happens("first step of a login", Login(self.world, user, self._password(user), BODY), None)
        return self.world.asked[-1] if len(self.world.asked) > before else None

    def _show_code(
        self, asked: Asked, kind: str, number: int, transport: str, trouble: Trouble | None, *, is_twice: bool
    ) -> None:
        code = self._code(asked.user, kind, number)
        what = "second step of a login: a recovery code" if "-" in code else "second step of a login: a code"
        for each in (trouble, None) if is_twice else (trouble,):
            earlier = self._in_browser(transport, number)
            login = Login(self.world, asked.user, asked.password, transport, code, earlier, asked=asked)
            self._happens(what, login, each)

    def _show_passkey(
        self, asked: Asked, number: int, transport: str, trouble: Trouble | None, *, is_twice: bool
    ) -> None:
        passkey = self._passkey(asked.user, number)
        for each in (trouble, None) if is_twice else (trouble,):
            earlier = self._in_browser(transport, number)
            sign_in = PasskeySignIn(self.world, asked.user, passkey, transport, earlier, asked)
            self._happens("second step of a login: a passkey", sign_in, each)

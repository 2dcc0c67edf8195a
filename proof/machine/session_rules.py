"""The rules of sessions: logins, refreshes, thefts and logouts."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from proof.machine.draws import codes, flag, near, pick, short_waits, transports, troubles, which
from proof.machine.history import WRONG_PASSWORD, History
from proof.machine.logins import Login
from proof.machine.logouts import Logout, Reach, Revoke
from proof.machine.model import FREE_MISTAKES, Contradiction, User
from proof.machine.refreshes import Party
from proof.machine.troubles import Trouble
from proof.machine.world import BODY, COOKIE, SITE


class SessionRules(History):
    """Clients and thieves with passwords and tokens."""

    @rule(user=which, transport=transports, is_right=flag, earlier=which, trouble=troubles)
    def log_in(self, user: int, transport: str, is_right: bool, earlier: int, trouble: Trouble | None) -> None:
        """Log in with the password, or with a wrong one."""
        login = self._login(user, transport, is_right=is_right or user % 4 > 0, earlier=earlier)
        self._happens("login", login, trouble)

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, is_lost=flag, trouble=troubles)
    def refresh_own(self, session: int, is_lost: bool, trouble: Trouble | None) -> None:
        """Refresh as the owner's client does: with the newest token that came."""
        if token := self._held(session):
            self._happens("refresh", self._refresh(token, Party.OWNER, is_lost=is_lost), trouble)

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, wait=short_waits, is_lost=flag)
    def refresh_later(self, session: int, wait: int, is_lost: bool) -> None:
        """Refresh some time later."""
        self._wait(wait)
        if token := self._held(session):
            self._happens("refresh", self._refresh(token, Party.OWNER, is_lost=is_lost), None)

    refresh_own_again, refresh_own_once_more, refresh_later_again = refresh_own, refresh_own, refresh_later

    @precondition(lambda self: self.world.tokens)
    @rule(session=near)
    def steal(self, session: int) -> None:
        """Copy the token that the owner's client has."""
        chosen = pick(self.world.sessions, session)
        if chosen.transport != SITE:
            chosen.stolen, chosen.changes_of_hands = chosen.held, 0
            chosen.last_to_thief, chosen.has_gaps = None, True
            self._count("theft")

    @precondition(lambda self: any(session.stolen for session in self.world.sessions))
    @rule(session=near, wait=short_waits, is_lost=flag)
    def refresh_stolen(self, session: int, wait: int, is_lost: bool) -> None:
        """Refresh as the thief, with the newest token that came."""
        self._wait(wait)
        stolen = [each.stolen for each in self.world.sessions if each.stolen]
        self._happens("refresh of a thief", self._refresh(pick(stolen, session), Party.THIEF, is_lost=is_lost), None)

    @precondition(lambda self: self.world.tokens)
    @rule(token=st.one_of(near, which), is_other_transport=flag, is_forged=flag, trouble=troubles)
    def refresh_any(self, token: int, is_other_transport: bool, is_forged: bool, trouble: Trouble | None) -> None:
        """Refresh with any token that was ever issued, or with a forged one."""
        chosen = pick(self.world.tokens[::-1], token)
        refresh = self._refresh(chosen, Party.STRANGER)
        if is_other_transport and token % 3 == 0:
            refresh.transport = BODY if refresh.transport == COOKIE else COOKIE
        if is_forged and token % 3 == 1:
            refresh.text = _forged(chosen.text, token)
        self._happens("refresh of any token", refresh, trouble)

    refresh_any_again, refresh_any_once_more = refresh_any, refresh_any

    @precondition(lambda self: self.world.tokens)
    @rule(token=st.one_of(near, which), reach=st.sampled_from(Reach), is_other_transport=flag, trouble=troubles)
    def log_out(self, token: int, reach: Reach, is_other_transport: bool, trouble: Trouble | None) -> None:
        """Log out with any token that was ever issued."""
        chosen = pick(self.world.tokens[::-1], token)
        transport = chosen.session.transport
        if is_other_transport and token % 3 == 0:
            transport = COOKIE if transport == BODY else BODY
        self._happens(f"logout of {reach.value}", Logout(self.world, chosen, transport, reach), trouble)

    log_out_again, log_out_once_more = log_out, log_out

    @precondition(lambda self: self.world.access)
    @rule(access=which, trouble=troubles)
    def revoke(self, access: int, trouble: Trouble | None) -> None:
        """Log out with an access token."""
        self._happens("logout by access token", Revoke(self.world, pick(self.world.access[::-1], access)), trouble)

    @precondition(lambda self: self.world.devices)
    @rule(device=near, is_guessed=flag, is_right=flag, kind=codes, trouble=troubles)
    def log_in_on_device(
        self, device: int, is_guessed: bool, is_right: bool, kind: str, trouble: Trouble | None
    ) -> None:
        """Log in where the user has logged in before, perhaps while a stranger guesses."""
        chosen = pick(self.world.devices[::-1], device)
        must_wait = is_guessed and self._guess(chosen.user)
        login = Login(self.world, chosen.user, self._password(chosen.user) if is_right else WRONG_PASSWORD, BODY)
        login.device, login.must_wait = chosen, must_wait
        login.code = self._code(chosen.user, kind, device)
        self._happens("login on a device", login, trouble)

    log_in_on_device_again = log_in_on_device

    def _guess(self, user: User) -> bool:
        """Let a stranger guess passwords, and return whether everybody surely has to wait for a second."""
        for number in range(FREE_MISTAKES + 1):
            if self._happens("guess", Login(self.world, user, WRONG_PASSWORD, BODY), None).status == 429:
                return number > 0
        raise Contradiction("a stranger may guess on")

    log_in_again, refresh_stolen_again = log_in, refresh_stolen


def _forged(text: str, place: int) -> str:
    at = len(text) - 1 - place * 3
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]

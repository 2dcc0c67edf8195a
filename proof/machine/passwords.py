"""New passwords: changed in a session, or set with the link of a mail."""

from dataclasses import dataclass, field

from proof.machine.asked import INVALID_PROOF
from proof.machine.callers import INVALID_TOKEN, OWN, by_caller, changed, refusal, settle_pair
from proof.machine.codes import shown, with_code
from proof.machine.logins import WAIT
from proof.machine.model import ACTIVE, LEVELS, Account, Contradiction, Expected, Option, Session, User, settled
from proof.machine.rule import Line
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import World
from tests.support.sample_events import with_json

HOUR_MS, MAILS_OF_A_SOURCE = 3_600_000, 20


@dataclass
class ChangePassword:
    """A change of the password in a session."""

    world: World
    session: Session
    current: str
    new: str

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send both passwords."""
        body = {"current_password": self.current, "new_password": self.new}
        return self.world.product.call("password", by_caller(with_json("password", body), self.session), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the session, and by the current password."""
        user, now_ms = self.session.user, self.world.now_ms
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="password")
        if seen.status != 204:
            user.fail(OWN, now_ms)
        changed(user, seen, now_ms, keep=self.session, is_done=seen.status == 204)
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        same = (line, account)
        if not line.is_live(self.session.absolute_until, self.world.now_ms):
            return (Option(INVALID_TOKEN, same),)
        if account.status == ACTIVE and account.highest != LEVELS[0]:
            refused = refusal(self.world, self.session, line, account)
            if refused is not None:
                return (Option(refused, same),)
        option = Option(Expected(401, "invalid_credentials"), same)
        if account.status == ACTIVE and account.password in {self.current, self.new}:
            option = Option(Expected(204), (line, account._replace(password=self.new)))
        must_wait = self.session.user.must_wait(OWN, self.world.now_ms)
        return (option, Option(WAIT, same)) if must_wait else (option,)


@dataclass
class Reset:
    """A reset of the password with the link of a mail, from the request for the mail on."""

    world: World
    user: User
    new: str
    code: str = ""
    _is_mailed: bool = field(default=True, init=False)
    _is_same_second: bool = field(default=False, init=False)
    _asked_at: int = field(default=0, init=False)  # the answer comes later

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for the mail, and send what it brings. Troubles are with the second request."""
        self._asked_at = self.world.now
        self.world.resets_asked_ms.append(self.world.now_ms)
        asked = self.world.product.call("reset", with_json("password-reset", {"username": self.user.name}))
        link = self.world.product.mail(self.user.user_id) if asked.status == 202 else {}
        if not link:
            self._is_mailed = False
            return asked
        body = {**link, "new_password": self.new, **shown(self.code)}
        return self.world.product.call("reset", with_json("password-reset-confirm", body), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the account. All sessions end."""
        user, now_ms = self.user, self.world.now_ms
        self._is_same_second = self._asked_at <= user.mailed_at
        if not self._is_mailed:
            may_have_none = self._is_same_second or self._has_had_its_mails or any(map(self._gets_none, user.may))
            lately = [at_ms for at_ms in self.world.resets_asked_ms if at_ms > now_ms - HOUR_MS]
            if not {202: may_have_none, 429: len(lately) > MAILS_OF_A_SOURCE}.get(seen.status, False):
                raise Contradiction(f"no mail: {seen}")
            if seen.status == 202:
                user.fail("mail", now_ms)  # it counts, also if no mail was made
            return
        user.fail("mail", now_ms)  # five a day
        user.mailed_at = max(user.mailed_at, self._asked_at)
        user.may = settled(user.may, self._options, seen, has_trouble=has_trouble, what="reset", generation=None)
        if seen.status != 204:
            user.fail(OWN, now_ms)
        changed(user, seen, now_ms, keep=None, is_done=seen.status == 204)
        self.world.touched.update(user.sessions)

    def _options(self, account: Account) -> tuple[Option, ...]:
        options = [self._option(account)]
        if account.secret and self.code and self.user.must_wait(OWN, self.world.now_ms):
            options.append(Option(WAIT, account))
        if (
            self._is_same_second or self._has_had_its_mails
        ):  # then this is the mail before, whose link may be used or old
            options.append(Option(INVALID_PROOF, account))
        return tuple(options)

    @property
    def _has_had_its_mails(self) -> bool:
        return self.user.must_wait("mail", self.world.now_ms)

    def _gets_none(self, account: Account) -> bool:
        return account.status != ACTIVE or not self.user.is_reachable

    def _option(self, account: Account) -> Option:
        if self._gets_none(account):
            return Option(INVALID_PROOF, account)
        if account.secret and not self.code:
            return Option(Expected(401, "mfa_required"), account)
        used = with_code(self.world, account, self.code, Expected(204)) if account.secret else None
        if used is not None and used.expected.status != 204:
            return used
        before: Account = used.after if used else account
        return Option(Expected(204), before._replace(password=self.new), (before,))

"""What users and operators do with accounts: passwords, status, names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from edge_auth.flows.accounts.administration import Administration
from proof.machine.acts import WAIT, with_code
from proof.machine.model import (
    ACTIVE,
    DISABLED,
    FRESH_SECONDS,
    GONE,
    LEVELS,
    Account,
    Contradiction,
    Expected,
    Option,
    Session,
    User,
    settled,
)
from proof.machine.product import Seen
from proof.machine.rule import Line
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import World
from tests.support.sample_events import Event, called_by, with_json

if TYPE_CHECKING:
    from edge_auth.accounts.identity import Identity

Pair = tuple[Line, Account]
INVALID_TOKEN = Expected(401, "invalid_token")
TOO_WEAK = Expected(401, "insufficient_user_authentication")
INVALID_PROOF = Expected(400, "invalid_proof")
UNKNOWN_USER = Expected(400, "UnknownUser")
DONE = Expected(1)
HOUR_MS, MAILS_OF_A_SOURCE = 3_600_000, 20
OWN = "own"  # the counter of attempts in the user's own sessions


def settle_pair(
    session: Session,
    options: Callable[[Line, Account], tuple[Option, ...]],
    seen: Seen,
    *,
    has_trouble: bool,
    what: str,
) -> None:
    """Settle the states of a session and of its user, whose acts depend on both."""
    user = session.user
    pairs: list[Pair] = [(line, account) for line in session.may for account in user.may]
    left = settled(pairs, lambda pair: options(*pair), seen, has_trouble=has_trouble, what=what, generation=None)
    session.may, user.may = frozenset(line for line, _ in left), frozenset(account for _, account in left)


def refusal(world: World, session: Session, line: Line, account: Account, *, is_change: bool = True) -> Expected | None:
    """Return how a session is refused that may not change what its user logs in with."""
    if not line.is_live(session.absolute_until, world.now_ms) or account.status != ACTIVE:
        return INVALID_TOKEN
    is_strong = LEVELS.index(session.acr) >= LEVELS.index(account.highest)
    if is_change and not (is_strong and world.now - session.auth_time <= FRESH_SECONDS):
        return TOO_WEAK
    return None


def by_caller(event: Event, session: Session) -> Event:
    """Return the event as the gateway passes it on for a session."""
    return called_by(event, session.user.user_id, session.session_id)


def changed(user: User, seen: Seen, now_ms: int, *, keep: Session | None, is_done: bool) -> None:
    """Take an account for changed, which ends all sessions but one."""
    user.may_have_changed += 1
    if is_done:
        user.changes += 1
        user.end_all(now_ms, keep=keep)
    elif seen.is_trouble:
        user.all_may_end(keep=keep)


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

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for the mail, and send what it brings. Troubles are with the second request."""
        self.world.resets_asked_ms.append(self.world.now_ms)
        asked = self.world.product.call("reset", with_json("password-reset", {"username": self.user.name}))
        link = self.world.product.mail(self.user.user_id) if asked.status == 202 else {}
        if not link:
            self._is_mailed = False
            return asked
        body = {**link, "new_password": self.new, **({"otp": self.code} if self.code else {})}
        return self.world.product.call("reset", with_json("password-reset-confirm", body), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the account. All sessions end."""
        user, now_ms = self.user, self.world.now_ms
        self._is_same_second = self.world.now <= user.mailed_at
        if not self._is_mailed:
            may_have_none = self._is_same_second or self._has_had_its_mails or any(map(self._gets_none, user.may))
            lately = [at_ms for at_ms in self.world.resets_asked_ms if at_ms > now_ms - HOUR_MS]
            if not {202: may_have_none, 429: len(lately) > MAILS_OF_A_SOURCE}.get(seen.status, False):
                raise Contradiction(f"no mail: {seen}")
            if seen.status == 202:
                user.fail("mail", now_ms)  # it counts, also if no mail was made
            return
        user.fail("mail", now_ms)  # five a day
        user.mailed_at = max(user.mailed_at, self.world.now)
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


@dataclass
class Operate:
    """An operator's act on a user: `disable`, `enable`, `delete`, `set_password` or `end_sessions`."""

    world: World
    user: User
    act: str
    password: str = ""

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Find the user by the id, and act."""
        acts: dict[str, Callable[[Administration, Identity], object]] = {
            "disable": lambda accounts, found: accounts.disable(found),
            "enable": lambda accounts, found: accounts.enable(found),
            "delete": lambda accounts, found: accounts.delete(found),
            "set_password": lambda accounts, found: accounts.set_password(found, self.password),
            "end_sessions": lambda accounts, found: accounts.end_sessions(found),
        }
        return self.world.product.operate(
            lambda accounts: acts[self.act](accounts, accounts.find(self.user.user_id)), during
        )

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the account."""
        user, now_ms = self.user, self.world.now_ms
        user.may = settled(user.may, self._options, seen, has_trouble=has_trouble, what=self.act, generation=None)
        self.world.touched.update(user.sessions)
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

    def _rename(self, accounts: Administration) -> object:
        return accounts.rename(accounts.find(self.user.user_id), self.name)

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

"""What users do with second factors and passkeys, and how a session is replaced by a stronger one."""

from base64 import b32decode
from dataclasses import dataclass, field

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from edge_auth.tokens.token_form import id_bytes
from proof.machine.account_acts import OWN, TOO_WEAK, Pair, by_caller, changed, refusal, settle_pair
from proof.machine.acts import COOKIES, WAIT, began, open_session, with_code
from proof.machine.model import (
    ACTIVE,
    LEVELS,
    ONE_FACTOR,
    PHISHING_RESISTANT,
    TWO_FACTORS,
    Account,
    Contradiction,
    Expected,
    Option,
    Session,
    Token,
    User,
    settled,
)
from proof.machine.product import Seen
from proof.machine.rule import NONE_REDEEMED, Line
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import BODY, World
from tests.support.browser import from_page
from tests.support.passkey_visitor import one_event, phone, register_event, registration_event, sign_in_event
from tests.support.sample_events import sample, with_json
from tests.support.software_passkeys import Ceremony


@dataclass
class Enrol:
    """Enrolment of an app, perhaps in the place of another one. Troubles are with the second step."""

    world: World
    session: Session
    _secret: bytes = field(default=b"", init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a secret, and show its code."""
        begun = self.world.product.call("factors", by_caller(sample("factors-totp"), self.session))
        if begun.status != 200:
            return begun
        self._secret = b32decode(begun.body["secret"])
        code = code_of(self._secret, self.world.now // STEP_SECONDS)
        body = {"enrolment": begun.body["enrolment"], "otp": code}
        return self.world.product.call(
            "factors", by_caller(with_json("factors-totp-confirm", body), self.session), during
        )

    def learn(self, seen: Seen) -> None:
        """Recovery codes come, which nobody uses here."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it. The others end if it was another app before."""
        user, had_one = self.session.user, {bool(account.secret) for account in self.session.user.may}
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="enrolment")
        is_done = seen.status == 200
        if had_one == {False}:
            user.changes, user.may_have_changed = user.changes + is_done, user.may_have_changed + 1
        elif had_one == {True}:
            changed(user, seen, self.world.now_ms, keep=self.session, is_done=is_done)
        else:
            user.changes, user.may_have_changed = user.changes + is_done, user.may_have_changed + 1
            user.all_may_end(keep=self.session)
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        after = account._replace(secret=self._secret, step=self.world.now // STEP_SECONDS)
        return (Option(Expected(200), (line, after)),)


@dataclass
class RemoveApp:
    """Removal of the app. The other sessions end, also if there is none."""

    world: World
    session: Session

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""
        return self.world.product.call("factors", by_caller(sample("factors-totp-remove"), self.session), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="removal of the app")
        user = self.session.user
        changed(user, seen, self.world.now_ms, keep=self.session, is_done=seen.status == 204)
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        return (Option(Expected(204), (line, account._replace(secret=b"", step=-1))),)


@dataclass
class StepUp:
    """A step-up with a code, or with the password where there is no app."""

    world: World
    session: Session
    token: Token
    password: str = ""
    code: str = ""
    opened: Session | None = field(default=None, init=False)
    _before: frozenset[Line] = field(default=frozenset(), init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the token, with what the user shows."""
        self._before = self.session.may
        shown = {"otp": self.code} if self.code else {"password": self.password}
        if self.session.transport == BODY:
            event = with_json("step-up", {"refresh_token": self.token.text, **shown})
        else:
            event = from_page(with_json("step-up", shown), f"{COOKIES[self.session.transport]}={self.token.text}")
        return self.world.product.call("step_up", by_caller(event, self.session), during)

    def learn(self, seen: Seen) -> None:
        """Keep the new session. It ends when the old one would have ended."""
        if seen.status == 200:
            self.opened = open_session(self.world, self.session.user, seen, self.session.transport, {self._level})
            self.opened.absolute_until, self.opened.created_ms = self.session.absolute_until, self.session.created_ms

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """The old session ends, and the new one takes its place."""
        user, now_ms = self.session.user, self.world.now_ms
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="step-up")
        self.world.touched.update(user.sessions)
        if seen.status != 200:
            user.fail(OWN, now_ms)
            if seen.is_trouble:
                self.session.disturbed = True
                user.ghosts.append(self.session.created_ms)
            return
        self.session.end(now_ms)
        if has_trouble:
            self.session.may |= {line._replace(told=False) for line in self.session.may}
        if self.opened is None:
            raise Contradiction("a step-up without a session")
        idle = {Line(0, NONE_REDEEMED, 0, line.idle_until) for line in self._before if not line.ended}
        self.opened.may = frozenset(idle)
        user.sessions.append(self.opened)

    @property
    def _level(self) -> str:
        return TWO_FACTORS if self.code else ONE_FACTOR

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        option = self._option(line, account)
        must_wait = self.session.user.must_wait(OWN, self.world.now_ms)
        return (option, Option(WAIT, (line, account))) if must_wait else (option,)

    def _option(self, line: Line, account: Account) -> Option:
        same: Pair = (line, account)
        refused = refusal(self.world, self.session, line, account, is_change=False)
        is_newest = self.token.session is self.session and self.token.generation == line.newest
        if refused is not None or not is_newest or not self.world.is_key_good(self.token.mac_key):
            return Option(Expected(401, "invalid_token"), same)
        if LEVELS.index(self._level) < LEVELS.index(self.session.acr):
            return Option(TOO_WEAK, same)
        if not account.secret if self.code else account.highest != ONE_FACTOR:
            return Option(Expected(400, "invalid_request"), same)
        if self.code:
            used = with_code(self.world, account, self.code, Expected(200))
            if used.expected.status != 200:
                return Option(used.expected, same)
            return Option(Expected(200), (line.over(), used.after), ((line.over(told=False), used.after),))
        if self.password != account.password:
            return Option(Expected(401, "invalid_credentials"), same)
        return Option(Expected(200), (line.over(), account), ((line.over(told=False), account),))


@dataclass
class AddPasskey:
    """Registration of a passkey, from the challenge on. Troubles are with the second step."""

    world: World
    session: Session
    number: int

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a challenge, and send what the passkey makes of it."""
        user = self.session.user
        begun = self.world.product.call("passkeys", registration_event(self.session.session_id, user.user_id))
        if begun.status != 200:
            return begun
        made = passkey_of(user, self.number).edited(challenge=begun.body["challenge"])
        event = register_event(made, self.session.session_id, user_id=user.user_id)
        return self.world.product.call("passkeys", event, during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing that is needed."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it. Nothing ends."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="new passkey")
        self.session.user.may_have_changed += 1

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, (line, account)),)
        after = account._replace(passkeys=account.passkeys | {self.number})
        return (Option(Expected(201), (line, after)),)


@dataclass
class RemovePasskey:
    """Removal of a passkey. The other sessions end, also if it is not there."""

    world: World
    session: Session
    number: int

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""
        user = self.session.user
        passkey = passkey_of(user, self.number)
        event = one_event("passkeys-remove", passkey, self.session.session_id, user_id=user.user_id)
        return self.world.product.call("passkeys", event, during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Only a fresh session may do it."""
        settle_pair(self.session, self._options, seen, has_trouble=has_trouble, what="removal of a passkey")
        user = self.session.user
        changed(user, seen, self.world.now_ms, keep=self.session, is_done=seen.status in {204, 404})
        self.world.touched.update(user.sessions)

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        same = (line, account)
        refused = refusal(self.world, self.session, line, account)
        if refused is not None:
            return (Option(refused, same),)
        if self.number not in account.passkeys:
            return (Option(Expected(404, "not_found"), same),)
        return (Option(Expected(204), (line, account._replace(passkeys=account.passkeys - {self.number}))),)


@dataclass
class PasskeySignIn:
    """A login with a passkey, from the challenge on. Troubles are with the second step."""

    world: World
    user: User
    number: int
    opened: Session | None = field(default=None, init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Ask for a challenge, and send what the passkey has signed."""
        options = self.world.product.call("passkey_sign_in", sample("passkeys-options"))
        signed = passkey_of(self.user, self.number).edited(challenge=options.body["challenge"])
        return self.world.product.call("passkey_sign_in", sign_in_event(signed), during)

    def learn(self, seen: Seen) -> None:
        """Keep the new session."""
        if seen.status == 200:
            self.opened = open_session(self.world, self.user, seen, BODY, {PHISHING_RESISTANT})

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the account."""
        self.user.may = settled(
            self.user.may, self._options, seen, has_trouble=has_trouble, what="passkey", generation=None
        )
        if seen.status == 200 or seen.is_trouble:
            began(self.world, self.user, self.opened, None, is_sure=not has_trouble)

    def _options(self, account: Account) -> tuple[Option, ...]:
        is_good = account.status == ACTIVE and self.number in account.passkeys
        return (Option(Expected(200) if is_good else Expected(401, "invalid_passkey"), account),)


def passkey_of(user: User, number: int) -> Ceremony:
    """Return one of the passkeys of a user."""
    name = f"{user.user_id[:10]} {number}".encode()
    return phone(number).edited(credential_id=name, user_handle=id_bytes(user.user_id))

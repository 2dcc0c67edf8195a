"""Logins with a password, and what every login leads to."""

from dataclasses import dataclass, field

from proof.machine.asked import INVALID_PROOF, Asked, asked_by, demanded_by
from proof.machine.codes import NO_CODE, shown, with_code
from proof.machine.deployment import ABSOLUTE_SECONDS, IDLE_SECONDS, SITE_ABSOLUTE_SECONDS, SITE_IDLE_SECONDS
from proof.machine.model import (
    ACTIVE,
    ONE_FACTOR,
    TWO_FACTORS,
    Account,
    Contradiction,
    Device,
    Expected,
    Option,
    Session,
    Token,
    User,
    claims_of,
    first_line,
    settled,
)
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import BODY, COOKIE, SITE, World
from tests.support.browser import REFRESH_COOKIE, SESSION_COOKIE
from tests.support.browser import from_page as of_page
from tests.support.sample_events import Event, with_json

WAIT = Expected(429, "too_many_attempts")
COOKIES = {COOKIE: REFRESH_COOKIE, SITE: SESSION_COOKIE}


@dataclass
class Login:
    """A login with a password, and perhaps a code. `earlier` is the cookie that the browser has already.

    With the token of a `device` on which the user has logged in, the mistakes of strangers do not count. With the token
    of a login that has `asked` for a code, the password is not sent.
    """

    world: World
    user: User
    password: str
    transport: str
    code: str = NO_CODE
    earlier: Token | None = None
    device: Device | None = None
    must_wait: bool = False  # a stranger has just been told to wait, so everybody but known devices has to
    asked: Asked | None = None
    opened: Session | None = field(default=None, init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the password, or the token in its place."""
        shown_first = {"mfa_token": self.asked.text} if self.asked else {"password": self.password}
        body = {"username": self.user.name, **shown_first, "transport": self.transport}
        known = {"device_token": self.device.text} if self.device else {}
        event = with_json("login", {**body, **shown(self.code), **known})
        return self.world.product.call("login", in_browser(event, self.transport, self.earlier), during)

    def learn(self, seen: Seen) -> None:
        """Keep the new session, or the token for the second step."""
        if seen.error == "mfa_required":
            self.world.asked.append(asked_by(seen, self.user, self.password, self.world.now))
        if seen.error == "mfa_enrolment_required":
            self.world.demands.append(demanded_by(seen, self.user, self.password, self.world.now))
        if seen.status == 200:
            levels = {TWO_FACTORS if each.secret and self.code else ONE_FACTOR for each in self.user.may}
            self.opened = open_session(self.world, self.user, seen, self.transport, levels)
            if text := seen.body.get("device_token"):
                user, until = self.user, self.world.now + ABSOLUTE_SECONDS
                self.world.devices.append(Device(user, text, user.name, self.password, user.may_have_changed, until))

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By password, status and code."""
        user, now_ms = self.user, self.world.now_ms
        user.may = settled(user.may, self._options, seen, has_trouble=has_trouble, what="login", generation=None)
        is_right = seen.status == 200 or seen.error == "mfa_enrolment_required"
        if not is_right or has_trouble:  # a success that was not told counts as a mistake
            for counter in self._counters:
                user.fail(counter, now_ms)
        if user.has_weak_hash:
            self._judge_hash(seen, has_trouble=has_trouble)
        if seen.status == 200 or seen.is_trouble:
            began(self.world, user, self.opened, self.earlier, is_sure=not has_trouble)

    def _judge_hash(self, seen: Seen, *, has_trouble: bool) -> None:
        """A right password renews a weak hash. After a trouble, tokens may be bound to the old one."""
        if has_trouble:
            self.user.may_have_changed += 1
        elif not self.asked and seen.error in {"", "mfa_required", "mfa_enrolment_required"}:
            self.user.has_weak_hash = False
            if self.world.product.has_weak_hash(self.user.name):
                raise Contradiction("a login leaves a weak hash")

    def _options(self, account: Account) -> tuple[Option, ...]:
        if self.asked and not self.code:
            return (Option(Expected(400, "invalid_request"), account),)
        if self.asked and self.world.now >= self.asked.until:
            return (Option(INVALID_PROOF, account),)
        if self.must_wait and (self.device is None or self.device.is_surely_unknown):
            return (Option(WAIT, account),)
        option = self._option(account)
        options = self.asked.options(account, option) if self.asked else (option,)
        is_known = self.device is not None and self.device.is_surely_known(self.world.now)
        counters = self._counters if is_known else ("account",)
        may_wait = all(self.user.must_wait(counter, self.world.now_ms) for counter in counters)
        return (*options, Option(WAIT, account)) if may_wait else options

    @property
    def _counters(self) -> tuple[str, ...]:
        return ("account", self.device.counter) if self.device else ("account",)

    def _option(self, account: Account) -> Option:
        if account.status != ACTIVE or self.password != account.password:
            return Option(Expected(401, "invalid_credentials"), account)
        if not account.secret and not account.passkeys:
            demands = self.user.must_have_factor
            return Option(Expected(401, "mfa_enrolment_required") if demands else Expected(200), account)
        if not account.secret or not self.code:
            return Option(Expected(401, "mfa_required"), account)
        return with_code(self.world, account, self.code, Expected(200))


def open_session(
    world: World, user: User, seen: Seen, transport: str, levels: set[str], replaced: Session | None = None
) -> Session:
    """Return the session of a login of one of these levels, with its tokens kept.

    It is in the list of the user once the login is judged. One in the place of another ends when that would have ended.
    """
    site = transport == SITE
    level = min(levels) if site else str(claims_of(seen.body["access_token"])[1]["acr"])
    if level not in levels:
        raise Contradiction(f"a login of the level {level}")
    absolute_seconds = SITE_ABSOLUTE_SECONDS if site else ABSOLUTE_SECONDS
    session = Session(
        session_id=str(seen.body["session_id"]),
        user=user,
        transport=transport,
        acr=level,
        auth_time=world.now,
        absolute_until=replaced.absolute_until if replaced else world.now + absolute_seconds,
        created_ms=replaced.created_ms if replaced else world.now_ms,
        may=frozenset({first_line(world.now_ms, idle_seconds_of(transport))}),
    )
    if any(other.session_id == session.session_id for other in world.sessions):
        raise Contradiction("a login took an earlier session")
    session.held = world.keep(session, seen)
    if session.held.generation != 0:
        raise Contradiction("a new session does not begin with its first token")
    return session


def in_browser(event: Event, transport: str, earlier: Token | None) -> Event:
    """Return the event of a login as a page sends it, with the cookie of an earlier login, if cookies are asked for."""
    if transport == BODY:
        return event
    return of_page(event, *([f"{COOKIES[transport]}={earlier.text}"] if earlier else []))


def idle_seconds_of(transport: str) -> int:
    """Return the idle timeout of a session."""
    return SITE_IDLE_SECONDS if transport == SITE else IDLE_SECONDS


def began(world: World, user: User, opened: Session | None, earlier: Token | None, *, is_sure: bool) -> None:
    """Add the session that a login has opened, and end what it takes the place of."""
    now_ms = world.now_ms
    world.touched.update(user.sessions)
    if earlier is not None and world.is_key_good(earlier.mac_key):
        if is_sure and not world.may_have_lost_key(earlier.session):
            earlier.session.end(now_ms)
        else:
            earlier.session.may_end(untold=True)
    if opened is None:
        user.ghosts.append(now_ms)
    else:
        opened.may = frozenset({first_line(opened.created_ms, idle_seconds_of(opened.transport))})
        user.sessions.append(opened)
    user.keep_limit(now_ms, is_sure=is_sure and opened is not None)

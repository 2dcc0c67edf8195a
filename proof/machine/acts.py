"""What clients do with sessions: log in, refresh, log out. Each act is sent, and what came back is judged.

An act has three parts, because two of them may happen at once: `send` sends it, `learn` keeps what the answer brings,
and `judge` asks the model whether the answer may be, and what is known after it.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from proof.machine.model import (
    ACTIVE,
    ONE_FACTOR,
    TWO_FACTORS,
    Access,
    Account,
    Contradiction,
    Expected,
    Option,
    Session,
    Token,
    User,
    claims_of,
    first_line,
    parts_of,
    restore,
    settled,
    snapshot,
)
from proof.machine.product import (
    ABSOLUTE_SECONDS,
    GRACE_SECONDS,
    IDLE_SECONDS,
    SITE_ABSOLUTE_SECONDS,
    SITE_IDLE_SECONDS,
    Seen,
)
from proof.machine.rule import Line, Meaning, meaning, redeemed
from proof.machine.troubles import Happening, Meanwhile, Trouble
from proof.machine.world import BODY, COOKIE, SITE, World
from tests.support.browser import REFRESH_COOKIE, SESSION_COOKIE, page_logout, page_refresh
from tests.support.browser import from_page as of_page
from tests.support.sample_events import refresh_event, with_json

REFUSED = Expected(400, "invalid_grant")
WAIT = Expected(429, "too_many_attempts")
NO_CODE = ""
COOKIES = {COOKIE: REFRESH_COOKIE, SITE: SESSION_COOKIE}


class Act(Protocol):
    """One request, or one act of an operator."""

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send it."""

    def learn(self, seen: Seen) -> None:
        """Keep what the answer brings."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """Raise Contradiction if the answer may not be. `has_trouble`: something went wrong on the way."""


def happens(act: Act, trouble: Trouble | None = None) -> Seen:
    """Let an act happen, perhaps with trouble."""
    happening = Happening(trouble) if trouble else None
    seen = act.send(happening)
    has_trouble = happening is not None and happening.happened
    act.learn(seen)
    act.judge(seen, has_trouble=has_trouble)
    return seen


def race(world: World, outer: Act, inner: Act, at: int) -> tuple[Seen, Seen | None]:
    """Let one act happen during another, before its request of this number. Some order of both explains all answers."""
    inner_seen: list[Seen] = []
    meanwhile = Meanwhile(lambda: inner_seen.append(inner.send()), at)
    outer_seen = outer.send(meanwhile)
    if not inner_seen:  # it made fewer requests
        outer.learn(outer_seen)
        outer.judge(outer_seen, has_trouble=False)
        return outer_seen, None
    outer.learn(outer_seen)
    inner.learn(inner_seen[0])
    orders = (
        ((outer, outer_seen, True), (inner, inner_seen[0], False)),
        ((inner, inner_seen[0], False), (outer, outer_seen, True)),
    )
    before, reasons, possible = snapshot(world.users), list[str](), []
    for order in orders:
        try:
            for act, seen, may_fail in order:
                act.judge(seen, has_trouble=may_fail)
        except Contradiction as contradiction:
            reasons.append(str(contradiction))
        else:
            possible.append(snapshot(world.users))
        restore(before)
    if not possible:
        raise Contradiction(f"no order explains the answers: {reasons}")
    restore(possible[-1])
    states = {id(thing): (thing, set(thing.may)) for thing, _ in possible[-1]}
    for thing, values in possible[0]:
        states[id(thing)][1].update(values["may"])
    for thing, may in states.values():
        thing.may = frozenset(may)
    return outer_seen, inner_seen[0]


class Party(Enum):
    """Who presents a refresh token."""

    OWNER = "owner"  # with the newest that came
    THIEF = "thief"
    STRANGER = "stranger"  # somebody with any token that was ever issued


@dataclass
class Refresh:
    """A refresh. `transport` is how the token is sent; `text` another text in the place of the token."""

    world: World
    token: Token
    transport: str
    party: Party
    is_answer_lost: bool = False
    text: str = ""
    _had_gap: bool = field(default=True, init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the token."""
        session, text = self.token.session, self.text or self.token.text
        self._had_gap = all(
            self.world.now_ms - line.rotated_ms > GRACE_SECONDS * 1000 for line in session.may
        )  # of the answer before, whoever got it
        if self.transport == BODY:
            return self.world.product.call("refresh", refresh_event(text), during)
        return self.world.product.call("refresh", page_refresh(f"{REFRESH_COOKIE}={text}"), during)

    def learn(self, seen: Seen) -> None:
        """Keep the new tokens, and count who has got them after a theft."""
        session = self.token.session
        if self.party is not Party.OWNER or self.token is not session.held:
            session.disturbed = True
        if self.party is Party.STRANGER:
            session.has_gaps = False
        if seen.status != 200:
            return
        token = self.world.keep(session, seen)
        session.has_gaps &= self._had_gap
        if self.is_answer_lost:
            return
        is_thief = self.party is Party.THIEF
        if is_thief:
            session.stolen = token
        elif self.party is Party.OWNER:
            session.held = token
        if session.stolen is not None and session.has_gaps:
            session.changes_of_hands += session.last_to_thief not in {None, is_thief}
            session.last_to_thief = is_thief
            if session.changes_of_hands > 1:
                raise Contradiction("after a theft the session changed hands twice")

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By the rotation rule."""
        session, now_ms = self.token.session, self.world.now_ms
        self._check_honest(seen, has_trouble=has_trouble)
        session.may = settled(
            session.may,
            self._options,
            seen,
            has_trouble=has_trouble,
            what="refresh",
            generation=parts_of(self.world.refresh_token_in(seen, session.transport)).generation
            if seen.status == 200
            else None,
        )
        self.world.touched.add(session)
        if seen.status == 200:
            session.over_ms = None
        elif session.is_over and not seen.is_trouble and session.over_ms is None:
            session.over_ms = now_ms

    def _options(self, line: Line) -> tuple[Option, ...]:
        refused = Option(REFUSED, line)
        session, is_good = self.token.session, self.world.is_key_good(self.token.mac_key)
        if self.text or self.transport != session.transport or not is_good:
            return (refused,)
        what = meaning(line, self.token.generation, session.absolute_until, self.world.now_ms)
        after = redeemed(line, self.token.generation, what, self.world.now_ms)
        if what is Meaning.NOTHING:
            return (refused,)
        if what is Meaning.REUSE:
            option = Option(REFUSED, after, (line._replace(told=True),))
        else:
            option = Option(Expected(200, generation=after.newest), after)
        return (option,)

    def _check_honest(self, seen: Seen, *, has_trouble: bool) -> None:
        """An owner who keeps the newest token and comes again is never logged out."""
        session = self.token.session
        is_honest = self.party is Party.OWNER and not session.disturbed
        is_alive = self.world.is_key_good(self.token.mac_key) and session.is_live(self.world.now_ms)
        if is_honest and is_alive and seen.status != 200 and not has_trouble:
            raise Contradiction(f"an honest client was answered {seen.status} {seen.error}")


class Reach(Enum):
    """Which sessions a logout ends."""

    ONE = "one"
    OTHERS = "others"
    ALL = "all"


@dataclass
class Logout:
    """A logout with a refresh token or a cookie."""

    world: World
    token: Token
    transport: str
    reach: Reach
    text: str = ""

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the token."""
        text, asked = self.text or self.token.text, {self.reach.value: True} if self.reach is not Reach.ONE else {}
        if self.transport == BODY:
            event = with_json("logout-json", {"refresh_token": text, **asked})
        else:
            event = page_logout(f"{COOKIES[self.transport]}={text}", **asked)
        return self.world.product.call("logout", event, during)

    def learn(self, seen: Seen) -> None:
        """A logout brings nothing. A cookie goes, unless this session goes on."""
        goes = self.transport != BODY and self.reach is not Reach.OTHERS
        if seen.status == 204 and any(value == "" for value in seen.cookies.values()) != goes:
            raise Contradiction("a cookie went, or stayed")

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """The answer is the same for every token. What ends depends on the token."""
        session, user, now_ms = self.token.session, self.token.session.user, self.world.now_ms
        if seen.status != 204 and not (has_trouble and seen.is_trouble):
            raise Contradiction(f"logout: {seen.status} {seen.error}")
        self.world.touched.update(user.sessions)
        is_unknown, effects = seen.is_trouble, self._effects()
        if effects == {"nothing"}:
            return
        if is_unknown or len(effects) > 1:
            if effects & {"all", "others"}:
                user.may_have_changed += 1
                user.all_may_end(keep=session if self.reach is Reach.OTHERS else None)
            if not effects & {"others"} or "one" in effects:
                session.may_end(untold=self.reach is Reach.ONE)
            return
        if effects == {"one"}:
            session.end(now_ms)
            return
        user.changes, user.may_have_changed = user.changes + 1, user.may_have_changed + 1
        user.end_all(now_ms, keep=session if effects == {"others"} else None)

    def _effects(self) -> set[str]:
        """Return what ends: one session, all, all others or nothing, in each state."""
        session, now_ms = self.token.session, self.world.now_ms
        is_kind_right = (self.transport == SITE) == (session.transport == SITE)
        is_good = self.world.is_key_good(self.token.mac_key)
        if self.text or not is_kind_right or not is_good:
            return {"nothing"}
        return {self._effect(line, now_ms) for line in session.may}

    def _effect(self, line: Line, now_ms: int) -> str:
        session = self.token.session
        if self.reach is Reach.ONE:
            return "one"  # also for a session that is over: authorizers are told once more
        if line.ended or self.transport != session.transport:
            return "nothing"
        if not line.is_live(session.absolute_until, now_ms):
            return "one" if self.reach is Reach.ALL and session.transport != SITE else "nothing"
        what = meaning(line, self.token.generation, session.absolute_until, now_ms)
        if what is Meaning.REUSE:
            return "one"
        return "nothing" if what is Meaning.NOTHING else self.reach.value


@dataclass
class Revoke:
    """A logout with an access token: it ends its own session."""

    world: World
    access: Access

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the token."""
        return self.world.product.call("logout", with_json("logout-json", {"refresh_token": self.access.text}), during)

    def learn(self, seen: Seen) -> None:
        """It brings nothing."""

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """An expired token ends nothing, and gets the same answer."""
        session = self.access.session
        if seen.status != 204 and not (has_trouble and seen.is_trouble):
            raise Contradiction(f"revoke: {seen.status} {seen.error}")
        self.world.touched.add(session)
        if not self.world.is_in_time(self.access):
            return
        are_keys_unsure = self.world.now_ms < self.world.keys_unsure_until_ms
        if seen.is_trouble or are_keys_unsure or self.access.kid in self.world.withdrawn_kids:
            session.may_end()
        else:
            session.end(self.world.now_ms)


@dataclass
class Login:
    """A login with a password, and perhaps a code. `earlier` is the cookie that the browser has already."""

    world: World
    user: User
    password: str
    transport: str
    code: str = NO_CODE
    earlier: Token | None = None
    opened: Session | None = field(default=None, init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the password."""
        body = {"username": self.user.name, "password": self.password, "transport": self.transport}
        event = with_json("login", {**body, "otp": self.code} if self.code else body)
        if self.transport != BODY:
            cookies = [f"{COOKIES[self.transport]}={self.earlier.text}"] if self.earlier else []
            event = of_page(event, *cookies)
        return self.world.product.call("login", event, during)

    def learn(self, seen: Seen) -> None:
        """Keep the new session."""
        if seen.status == 200:
            levels = {TWO_FACTORS if each.secret and self.code else ONE_FACTOR for each in self.user.may}
            self.opened = open_session(self.world, self.user, seen, self.transport, levels)

    def judge(self, seen: Seen, *, has_trouble: bool) -> None:
        """By password, status and code."""
        user, now_ms = self.user, self.world.now_ms
        user.may = settled(user.may, self._options, seen, has_trouble=has_trouble, what="login", generation=None)
        if seen.status != 200:
            user.fail("account", now_ms)
        if seen.status == 200 or seen.is_trouble:
            began(self.world, user, self.opened, self.earlier, is_sure=not has_trouble)

    def _options(self, account: Account) -> tuple[Option, ...]:
        options = (self._option(account),)
        return (*options, Option(WAIT, account)) if self.user.must_wait("account", self.world.now_ms) else options

    def _option(self, account: Account) -> Option:
        if account.status != ACTIVE or self.password != account.password:
            return Option(Expected(401, "invalid_credentials"), account)
        if not account.secret and not account.passkeys:
            return Option(Expected(200), account)
        if not account.secret or not self.code:
            return Option(Expected(401, "mfa_required"), account)
        return with_code(self.world, account, self.code, Expected(200))


def with_code(world: World, account: Account, code: str, expected: Expected) -> Option:
    """Return what a code of the app leads to. Each step is taken once, and no earlier one after it."""
    step = world.now // STEP_SECONDS
    steps = (each for each in (step - 1, step, step + 1) if code == code_of(account.secret, each))
    matched = next((each for each in steps if each > account.step), None)
    if matched is None:
        return Option(Expected(401, "invalid_otp"), account)
    return Option(expected, account._replace(step=matched))


def open_session(world: World, user: User, seen: Seen, transport: str, levels: set[str]) -> Session:
    """Return the session of a login of one of these levels, with its tokens kept.

    It is in the list of the user once the login is judged.
    """
    site = transport == SITE
    level = min(levels) if site else str(claims_of(seen.body["access_token"])[1]["acr"])
    if level not in levels:
        raise Contradiction(f"a login of the level {level}")
    session = Session(
        session_id=str(seen.body["session_id"]),
        user=user,
        transport=transport,
        acr=level,
        auth_time=world.now,
        absolute_until=world.now + (SITE_ABSOLUTE_SECONDS if site else ABSOLUTE_SECONDS),
        created_ms=world.now_ms,
        may=frozenset({first_line(world.now_ms, idle_seconds_of(transport))}),
    )
    if any(other.session_id == session.session_id for other in world.sessions):
        raise Contradiction("a login took an earlier session")
    session.held = world.keep(session, seen)
    if session.held.generation != 0:
        raise Contradiction("a new session does not begin with its first token")
    return session


def idle_seconds_of(transport: str) -> int:
    """Return the idle timeout of a session."""
    return SITE_IDLE_SECONDS if transport == SITE else IDLE_SECONDS


def began(world: World, user: User, opened: Session | None, earlier: Token | None, *, is_sure: bool) -> None:
    """Add the session that a login has opened, and end what it takes the place of."""
    now_ms = world.now_ms
    world.touched.update(user.sessions)
    if earlier is not None and world.is_key_good(earlier.mac_key):
        if is_sure:
            earlier.session.end(now_ms)
        else:
            earlier.session.may_end(untold=True)
    if opened is None:
        user.ghosts.append(now_ms)
    else:
        opened.may = frozenset({first_line(opened.created_ms, idle_seconds_of(opened.transport))})
        user.sessions.append(opened)
    user.keep_limit(now_ms, is_sure=is_sure and opened is not None)

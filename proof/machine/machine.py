"""The state machine: every act of clients, thieves and operators, in any order, with anything that can go wrong.

Each number that a rule draws is an index into what there is, counted from the newest, so that a failing history gets
as short as it can.
"""

from collections import Counter
from typing import ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from proof.machine.account_acts import ChangePassword, Operate, Rename, Reset
from proof.machine.acts import Act, Login, Logout, Party, Reach, Refresh, Revoke, happens, race
from proof.machine.factor_acts import AddPasskey, Enrol, PasskeySignIn, RemoveApp, RemovePasskey, StepUp
from proof.machine.invariants import check_all, check_step
from proof.machine.model import ACTIVE, Session, Token, User
from proof.machine.product import GRACE_SECONDS, Product
from proof.machine.troubles import FAULTS, Trouble
from proof.machine.world import BODY, COOKIE, PASSWORD, SITE, World

T = TypeVar("T")

MAX_USERS = 4
MAX_REQUESTS = 9  # an act makes fewer, mostly
which = st.integers(0, 30)
near = st.sampled_from((0, 0, 0, 0, 0, 1, 1, 2, 3, 5, 8))  # most histories are of few sessions, in many steps
flag = st.booleans()
calm = st.none()
troubles = st.one_of(
    calm, calm, st.builds(Trouble, st.sampled_from(sorted(FAULTS)), st.integers(0, MAX_REQUESTS), flag)
)
meanwhiles = st.sampled_from(("refresh", "logout", "all", "disable", "set_password"))
transports = st.sampled_from((BODY, BODY, COOKIE, SITE))
MINUTE, HOUR, DAY = 60, 3600, 86_400
operator_acts = st.sampled_from(
    ("disable", "enable", "enable", "delete", "set_password", "end_sessions", "rename", "rename")
)
waits = st.sampled_from(
    (
        1,
        4,
        6,
        GRACE_SECONDS,
        GRACE_SECONDS + 1,
        2 * GRACE_SECONDS,
        6 * MINUTE,
        16 * MINUTE,
        HOUR,
        DAY,
        13 * DAY,
        17 * DAY,
    )
)
short_waits = st.sampled_from((1, 6, GRACE_SECONDS, GRACE_SECONDS + 1, GRACE_SECONDS + 1, 2 * GRACE_SECONDS, 15 * DAY))


class Machine(RuleBasedStateMachine):
    """One history. `product` is loaded once for all, and `counts` are of all."""

    product: ClassVar[Product]
    counts: ClassVar[Counter[str]]

    def __init__(self) -> None:
        """Begin with two users."""
        super().__init__()
        self.product.reset()
        self.world = World(self.product, self.counts)
        self.world.deploy_authorizers()
        self.world.create()
        self.world.create()
        self.counts["histories"] += 1

    # --- Sessions ---

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
        chosen = _pick(self.world.sessions, session)
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
        self._happens("refresh of a thief", self._refresh(_pick(stolen, session), Party.THIEF, is_lost=is_lost), None)

    @precondition(lambda self: self.world.tokens)
    @rule(token=st.one_of(near, which), is_other_transport=flag, is_forged=flag, trouble=troubles)
    def refresh_any(self, token: int, is_other_transport: bool, is_forged: bool, trouble: Trouble | None) -> None:
        """Refresh with any token that was ever issued, or with a forged one."""
        chosen = _pick(self.world.tokens[::-1], token)
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
        chosen = _pick(self.world.tokens[::-1], token)
        transport = chosen.session.transport
        if is_other_transport and token % 3 == 0:
            transport = COOKIE if transport == BODY else BODY
        self._happens(f"logout of {reach.value}", Logout(self.world, chosen, transport, reach), trouble)

    log_out_again, log_out_once_more = log_out, log_out

    @precondition(lambda self: self.world.access)
    @rule(access=which, trouble=troubles)
    def revoke(self, access: int, trouble: Trouble | None) -> None:
        """Log out with an access token."""
        self._happens("logout by access token", Revoke(self.world, _pick(self.world.access[::-1], access)), trouble)

    log_in_again, refresh_stolen_again = log_in, refresh_stolen

    # --- Accounts ---

    @precondition(lambda self: self.world.access)
    @rule(session=near, new=which, is_right=flag, trouble=troubles)
    def change_password(self, session: int, new: int, is_right: bool, trouble: Trouble | None) -> None:
        """Change the password, with the current one or with a wrong one."""
        if caller := self._caller(session):
            current = self._password(caller.user) if is_right or new % 4 else "not the right passphrase"
            self._happens("new password", ChangePassword(self.world, caller, current, _new_password(new)), trouble)

    @rule(user=which, new=which, is_with_code=flag, trouble=troubles)
    def reset(self, user: int, new: int, is_with_code: bool, trouble: Trouble | None) -> None:
        """Reset the password with the link of a mail."""
        chosen = self._user(user)
        if chosen.sure is not None and chosen.sure.status == ACTIVE:
            code = self._code(chosen) if is_with_code else ""
            self._happens("reset", Reset(self.world, chosen, _new_password(new), code), trouble)

    @rule(user=which, act=operator_acts, new=which, trouble=troubles)
    def operate(self, user: int, act: str, new: int, trouble: Trouble | None) -> None:
        """Act as an operator on a user."""
        chosen = self._user(user)
        if act == "rename":
            self.world.names += 1
            self._happens("operator: rename", Rename(self.world, chosen, f"user{self.world.names}"), trouble)
        elif act != "delete" or new % 3 == 0:
            self._happens(f"operator: {act}", Operate(self.world, chosen, act, _new_password(new)), trouble)

    @precondition(lambda self: len(self.world.users) < MAX_USERS)
    @rule(is_own=flag)
    def create(self, is_own: bool) -> None:
        """Create a user, or let one register."""
        (self.world.register if is_own else self.world.create)()
        self._count("registration" if is_own else "operator: create")

    # --- Second factors and passkeys ---

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
    @rule(session=near, trouble=troubles)
    def remove_app(self, session: int, trouble: Trouble | None) -> None:
        """Remove the app."""
        if caller := self._caller(session):
            self._happens("removal of the app", RemoveApp(self.world, caller), trouble)

    @rule(user=near, transport=transports, is_again=flag, trouble=troubles)
    def log_in_with_code(self, user: int, transport: str, is_again: bool, trouble: Trouble | None) -> None:
        """Log in with password and code in one request, and perhaps once more with the same code."""
        login = self._login(user, transport)
        login.code = self._code(login.user)
        self._happens("login with a code", login, trouble)
        if is_again and login.code:
            again = self._login(user, transport)
            again.code = login.code
            self._happens("login with a code", again, None)

    @precondition(lambda self: self.world.access)
    @rule(session=near, is_with_code=flag, is_newest=flag, trouble=troubles)
    def step_up(self, session: int, is_with_code: bool, is_newest: bool, trouble: Trouble | None) -> None:
        """Replace a session by a fresh or stronger one."""
        caller = self._caller(session)
        if caller is None or caller.held is None:
            return
        of_session = [token for token in self.world.tokens if token.session is caller]
        step_up = StepUp(self.world, caller, caller.held if is_newest else _pick(of_session, session))
        code = self._code(caller.user)
        if code and (is_with_code or session % 3):
            step_up.code = code
        else:
            step_up.password = self._password(caller.user)
        self._happens("step-up", step_up, trouble)

    @precondition(lambda self: self.world.access)
    @rule(session=near, number=st.integers(0, 2), trouble=troubles)
    def add_passkey(self, session: int, number: int, trouble: Trouble | None) -> None:
        """Add a passkey."""
        if caller := self._caller(session):
            self._happens("new passkey", AddPasskey(self.world, caller, number), trouble)

    @precondition(lambda self: self.world.access)
    @rule(session=near, number=st.integers(0, 2), trouble=troubles)
    def remove_passkey(self, session: int, number: int, trouble: Trouble | None) -> None:
        """Remove a passkey."""
        if caller := self._caller(session):
            self._happens("removal of a passkey", RemovePasskey(self.world, caller, number), trouble)

    @rule(user=which, number=st.integers(0, 2), trouble=troubles)
    def sign_in_with_passkey(self, user: int, number: int, trouble: Trouble | None) -> None:
        """Sign in with a passkey, if the user has one, or with a removed one."""
        chosen = self._user(user)
        if any(account.passkeys for account in chosen.may) or user % 7 == 0:
            numbers = sorted({each for account in chosen.may for each in account.passkeys})
            picked = _pick(numbers, number) if numbers and user % 7 else number
            self._happens("passkey", PasskeySignIn(self.world, chosen, picked), trouble)

    # --- Keys ---

    @rule(act=st.sampled_from(("rotate", "replace", "replace at once", "deploy", "deploy")), number=which)
    def change_keys(self, act: str, number: int) -> None:
        """Bring the next keys forward, replace them after a leak, or start the authorizers again, as an operator.

        One replacement in some ends all sessions too.
        """
        if act == "rotate":
            self.product.keys("rotate")
        elif act == "deploy":
            self.world.deploy_authorizers()
        else:
            self.world.replace_keys(is_at_once=act == "replace at once", is_end_of_sessions=number % 5 == 4)
        self._count(f"keys: {act}")

    # --- Two at once ---

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, other=which, kind=meanwhiles, at=st.integers(0, 3))
    def refresh_meanwhile(self, session: int, other: int, kind: str, at: int) -> None:
        """Refresh, while something else happens."""
        if token := self._held(session):
            self._race("refresh", self._refresh(token, Party.OWNER), self._inner(kind, other), at)

    @rule(user=which, other=which, kind=meanwhiles, at=st.integers(0, 8))
    def log_in_meanwhile(self, user: int, other: int, kind: str, at: int) -> None:
        """Log in, while something else happens."""
        if self.world.tokens:
            self._race("login", self._login(user, BODY), self._inner(kind, other), at)

    # --- Time ---

    @rule(seconds=waits, is_deleting=flag)
    def wait(self, seconds: int, is_deleting: bool) -> None:
        """Let time pass, and perhaps let DynamoDB delete what has expired."""
        self._wait(seconds)
        if is_deleting:
            self.product.store.delete_expired(self.world.now)

    @rule(seconds=st.integers(1, 30))
    def set_clock_back(self, seconds: int) -> None:
        """Set every clock back, by 30 s at most from the latest time that it has shown."""
        self.product.clock.now_ms = max(self.world.now_ms - seconds * 1000, self.world.latest_ms - 30_000)

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, token=st.integers(0, 2), is_before=flag)
    def refresh_at_edge(self, session: int, token: int, is_before: bool) -> None:
        """Refresh when the grace window of a session ends, to the millisecond, with one of its newest tokens."""
        chosen = self._session(session)
        edge_ms = max(line.rotated_ms for line in chosen.may) + GRACE_SECONDS * 1000 - is_before
        if chosen.transport != SITE and edge_ms > self.world.now_ms:
            self.product.clock.now_ms = edge_ms - 1  # the request comes a millisecond later
            presented = _pick([each for each in self.world.tokens[::-1] if each.session is chosen], token)
            party = Party.OWNER if presented is chosen.held else Party.STRANGER
            self._happens("refresh at the edge", self._refresh(presented, party), None)

    # --- After each step ---

    @invariant()
    def holds(self) -> None:
        """Check what holds after each step."""
        self.counts["steps"] += 1
        self.world.latest_ms = max(self.world.latest_ms, self.world.now_ms)
        check_step(self.world)
        if self.counts["steps"] % 10 == 0:
            check_all(self.world)

    def teardown(self) -> None:
        """Check every token once more."""
        check_all(self.world)

    # --- What the rules share ---

    def _happens(self, kind: str, act: Act, trouble: Trouble | None) -> None:
        self._tick()
        seen = happens(act, trouble)
        self._count(kind)
        self._count(f"{kind}, answered {seen.status} {seen.error}".strip())
        if trouble:
            self._count(f"trouble: {trouble.kind}")

    def _race(self, kind: str, outer: Act, inner: Act, at: int) -> None:
        self._tick()
        _, other = race(self.world, outer, inner, at)
        self._count(f"{kind} at the same time as another act" if other else kind)

    def _inner(self, kind: str, other: int) -> Act:
        if kind in {"disable", "set_password"}:
            return Operate(self.world, self._user(other), kind, _new_password(other))
        token = _pick(self.world.tokens[::-1], other)
        if kind == "refresh" and token.session.transport != SITE:
            return self._refresh(token, Party.STRANGER)
        reach = Reach.ALL if kind == "all" else Reach.ONE
        return Logout(self.world, token, token.session.transport, reach)

    def _login(self, user: int, transport: str, *, is_right: bool = True, earlier: int = 0) -> Login:
        chosen = self._user(user)
        password = self._password(chosen)
        login = Login(self.world, chosen, password if is_right else "not the right passphrase", transport)
        in_browser = [token for token in self.world.tokens[::-1] if token.session.transport == transport]
        if transport != BODY and in_browser and earlier % 3 == 0:
            login.earlier = _pick(in_browser, earlier)
        return login

    def _refresh(self, token: Token, party: Party, *, is_lost: bool = False) -> Refresh:
        transport = token.session.transport
        return Refresh(self.world, token, COOKIE if transport == SITE else transport, party, is_lost)

    def _password(self, user: User) -> str:
        return min(account.password for account in user.may) or PASSWORD

    def _code(self, user: User) -> str:
        """Return what the app shows, or an empty text where there is none."""
        secrets = sorted(account.secret for account in user.may if account.secret)
        return code_of(secrets[0], self.world.now // STEP_SECONDS) if secrets else ""

    def _caller(self, session: int) -> Session | None:
        """Return a session whose access token the authorizer lets through, the chosen one or another."""
        in_time = {access.session: None for access in self.world.access[::-1] if self.world.is_in_time(access)}
        living = [each for each in in_time if each.may_live(self.world.now_ms)] or list(in_time)
        if living and self.world.lets_in(chosen := _pick(living, session)):
            return chosen
        self._count("refused at the door")
        return None

    def _user(self, user: int) -> User:
        return _pick(self.world.users[::-1], user)

    def _held(self, session: int) -> Token | None:
        held = [each.held for each in self.world.sessions if each.held and each.transport != SITE]
        return _pick(held, session) if held else None

    def _session(self, session: int) -> Session:
        return _pick(self.world.sessions, session)

    def _wait(self, seconds: int) -> None:
        """Let time pass. The schedule advances the key ring now and then."""
        turn = max(DAY, seconds // 3)
        while seconds > 0:
            self.product.clock.advance(seconds=min(seconds, turn))
            seconds -= turn
            self.product.keys("advance")
        self.world.forget_expired()

    def _tick(self) -> None:
        """No two requests come in the same millisecond."""
        self.product.clock.advance(seconds=0.001)
        self.world.latest_ms = max(self.world.latest_ms, self.world.now_ms)

    def _count(self, what: str) -> None:
        self.counts[what] += 1


def _pick(things: list[T], number: int) -> T:
    return things[number % len(things)]


def _new_password(number: int) -> str:
    return f"another fine passphrase {number}"


def _forged(text: str, place: int) -> str:
    at = len(text) - 1 - place * 3
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]

"""One history of the state machine: how it begins, what holds after each step, and what its rules share."""

from collections import Counter
from typing import ClassVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from edge_auth.credentials.totp import STEP_SECONDS, code_of
from proof.machine.acts import Act, happens, race
from proof.machine.codes import WRONG_CODE
from proof.machine.draws import DAY, pick
from proof.machine.invariants import check_all, check_step
from proof.machine.logins import Login
from proof.machine.model import Session, Token, User
from proof.machine.new_users import add_user
from proof.machine.product import Product
from proof.machine.refreshes import Party, Refresh
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Trouble, happening_of
from proof.machine.world import BODY, COOKIE, PASSWORD, SITE, World

WRONG_PASSWORD = "not the right passphrase"


class History(RuleBasedStateMachine):
    """One history. `product` is loaded once for all, and `counts` are of all."""

    product: ClassVar[Product]
    counts: ClassVar[Counter[str]]

    def __init__(self) -> None:
        """Begin with two users."""
        super().__init__()
        self.product.reset()
        self.world = World(self.product, self.counts)
        self.world.deploy_authorizers()
        for _ in range(2):
            add_user(self.world)
        self.counts["histories"] += 1

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

    def _happens(self, kind: str, act: Act, trouble: Trouble | None) -> Seen:
        self._tick()
        happening = happening_of(trouble)
        seen = happens(act, happening)
        self._count(kind)
        self._count(f"{kind}, answered {seen.status} {seen.error}".strip())
        self._count_trouble(happening)
        return seen

    def _add_user(self, way: str, trouble: Trouble | None) -> None:
        happening = happening_of(trouble)
        seen = add_user(self.world, way, happening)
        self._count(way)
        self._count(f"{way}, answered {seen.status} {seen.error}".strip())
        self._count_trouble(happening)

    def _count_trouble(self, happening: Happening | None) -> None:
        """Count a trouble that came to pass: one that is drawn for a request that the act does not make does not."""
        if happening and happening.happened:
            self._count(f"trouble: {happening.trouble.kind}")

    def _race(self, kind: str, outer: Act, inner: Act, at: int) -> None:
        self._tick()
        _, other = race(self.world, outer, inner, at)
        self._count(f"{kind} at the same time as another act" if other else kind)

    def _login(self, user: int, transport: str, *, is_right: bool = True, earlier: int = 0) -> Login:
        chosen = self._user(user)
        password = self._password(chosen)
        login = Login(self.world, chosen, password if is_right else WRONG_PASSWORD, transport)
        login.earlier = self._in_browser(transport, earlier)
        return login

    def _in_browser(self, transport: str, number: int) -> Token | None:
        """Return a cookie that the browser has from an earlier login, or None."""
        cookies = [token for token in self.world.tokens[::-1] if token.session.transport == transport]
        return pick(cookies, number) if transport != BODY and cookies and number % 3 == 0 else None

    def _refresh(self, token: Token, party: Party, *, is_lost: bool = False) -> Refresh:
        transport = token.session.transport
        return Refresh(self.world, token, COOKIE if transport == SITE else transport, party, is_lost)

    def _password(self, user: User) -> str:
        return min(account.password for account in user.may) or PASSWORD

    def _code(self, user: User, kind: str = "app", number: int = 0) -> str:
        """Return what the app shows, or an empty text where there is none; or a recovery code, or a wrong code."""
        if kind == "wrong":
            return WRONG_CODE
        if kind == "paper" and user.papers:
            return pick(user.papers[::-1], number)
        secrets = sorted(account.secret for account in user.may if account.secret)
        return code_of(secrets[0], self.world.now // STEP_SECONDS) if secrets else ""

    def _passkey(self, user: User, number: int) -> int:
        """Return one of the passkeys that the user may have, or another one, if there is none."""
        numbers = sorted({each for account in user.may for each in account.passkeys})
        return pick(numbers, number) if numbers else number

    def _caller(self, session: int) -> Session | None:
        """Return a session whose access token the authorizer lets through, the chosen one or another."""
        in_time = {access.session: None for access in self.world.access[::-1] if self.world.is_in_time(access)}
        living = [each for each in in_time if each.may_live(self.world.now_ms)] or list(in_time)
        if living and self.world.lets_in(chosen := pick(living, session)):
            return chosen
        self._count("refused at the door")
        return None

    def _user(self, user: int) -> User:
        return pick(self.world.users[::-1], user)

    def _held(self, session: int, *, is_living: bool = False) -> Token | None:
        """Return what the owner of a session has, perhaps of one that may live."""
        held = [
            each.held
            for each in self.world.sessions
            if each.held and each.transport != SITE and (not is_living or each.may_live(self.world.now_ms))
        ]
        return pick(held, session) if held else None

    def _session(self, session: int) -> Session:
        return pick(self.world.sessions, session)

    def _count(self, what: str) -> None:
        self.counts[what] += 1

    def _wait(self, seconds: int) -> None:
        """Let time pass. The schedule advances the key ring now and then."""
        turn = max(DAY, seconds // 3)
        while seconds > 0:
            self.product.clock.advance(seconds=min(seconds, turn))
            seconds -= turn
            self.product.keys("advance")
        self.world.forget_expired()

    def _come_to(self, at_ms: int) -> bool:
        """Let time pass, so that the next request comes at this time. Return False if it is over."""
        if at_ms <= self.world.now_ms + 1:
            return False
        self._wait((at_ms - self.world.now_ms - 1) // 1000)
        self.product.clock.now_ms = at_ms - 1
        return True

    def _tick(self) -> None:
        """No two requests come in the same millisecond."""
        self.product.clock.advance(seconds=0.001)
        self.world.latest_ms = max(self.world.latest_ms, self.world.now_ms)

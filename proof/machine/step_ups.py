"""Step-ups: a session is replaced by a fresh or stronger one, with a code, a passkey or the password."""

import json
from dataclasses import dataclass, field
from typing import Any

from proof.machine.callers import OWN, TOO_WEAK, Pair, by_caller, refusal, settle_pair
from proof.machine.codes import shown, with_code
from proof.machine.logins import COOKIES, WAIT, open_session
from proof.machine.model import (
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
)
from proof.machine.passkeys import INVALID_PASSKEY, passkey_of
from proof.machine.rule import NONE_REDEEMED, Line
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import BODY, World
from tests.support.browser import from_page
from tests.support.passkey_visitor import sign_in_event
from tests.support.sample_events import sample, with_json

INVALID_REQUEST = Expected(400, "invalid_request")


@dataclass
class StepUp:
    """A step-up with a code, with the passkey of this number, or with the password where there is neither.

    Troubles are with the request that follows a passkey's challenge.
    """

    world: World
    session: Session
    token: Token
    password: str = ""
    code: str = ""
    passkey: int | None = None
    opened: Session | None = field(default=None, init=False)
    _before: frozenset[Line] = field(default=frozenset(), init=False)

    def send(self, during: Happening | Meanwhile | None = None) -> Seen:
        """Send the token, with what the user shows."""
        self._before = self.session.may
        signed = {} if self.passkey is None else self._signed_by(self.passkey)
        proof = signed or shown(self.code) or {"password": self.password}
        if self.session.transport == BODY:
            event = with_json("step-up", {"refresh_token": self.token.text, **proof})
        else:
            event = from_page(with_json("step-up", proof), f"{COOKIES[self.session.transport]}={self.token.text}")
        return self.world.product.call("step_up", by_caller(event, self.session), during)

    def _signed_by(self, number: int) -> dict[str, Any]:
        """Return what a passkey makes of a fresh challenge."""
        begun = self.world.product.call("passkey_sign_in", sample("passkeys-options"))
        made = passkey_of(self.session.user, number).edited(challenge=begun.body["challenge"])
        return {"credential": json.loads(sign_in_event(made)["body"])["credential"]}

    def learn(self, seen: Seen) -> None:
        """Keep the new session."""
        if seen.status == 200:
            old = self.session
            self.opened = open_session(self.world, old.user, seen, old.transport, {self._level}, replaced=old)

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
        if self.passkey is not None:
            return PHISHING_RESISTANT
        return TWO_FACTORS if self.code else ONE_FACTOR

    def _options(self, line: Line, account: Account) -> tuple[Option, ...]:
        option = self._option(line, account)
        must_wait = self.passkey is None and self.session.user.must_wait(OWN, self.world.now_ms)
        return (option, Option(WAIT, (line, account))) if must_wait else (option,)

    def _option(self, line: Line, account: Account) -> Option:
        same: Pair = (line, account)
        refused = refusal(self.world, self.session, line, account, is_change=False)
        is_newest = self.token.session is self.session and self.token.generation == line.newest
        if refused is not None or not is_newest or not self.world.is_key_good(self.token.mac_key):
            return Option(Expected(401, "invalid_token"), same)
        if LEVELS.index(self._level) < LEVELS.index(self.session.acr):
            return Option(TOO_WEAK, same)
        if self.passkey is not None:
            return self._by_passkey(line, account)
        if not account.secret if self.code else account.highest != ONE_FACTOR:
            return Option(INVALID_REQUEST, same)
        if self.code:
            used = with_code(self.world, account, self.code, Expected(200))
            if used.expected.status != 200:
                more = tuple((line, account) for account in used.repeated)
                return Option(used.expected, (line, used.after), repeated=more)
            return Option(Expected(200), (line.over(), used.after), ((line.over(told=False), used.after),))
        if self.password != account.password:
            return Option(Expected(401, "invalid_credentials"), same)
        return Option(Expected(200), (line.over(), account), ((line.over(told=False), account),))

    def _by_passkey(self, line: Line, account: Account) -> Option:
        same: Pair = (line, account)
        if not account.passkeys:
            return Option(INVALID_REQUEST, same)
        if self.passkey not in account.passkeys:
            return Option(INVALID_PASSKEY, same)
        return Option(Expected(200), (line.over(), account), ((line.over(told=False), account),))

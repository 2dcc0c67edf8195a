"""Logouts: of one session, of the others or of all, with a token of either kind."""

from dataclasses import dataclass
from enum import Enum

from proof.machine.logins import COOKIES
from proof.machine.model import Access, Contradiction, Token
from proof.machine.rule import Line, Meaning, meaning
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import BODY, SITE, World
from tests.support.browser import page_logout
from tests.support.sample_events import with_json


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
        effects = {self._effect(line, now_ms) for line in session.may}
        return effects | {"nothing"} if self.world.may_have_lost_key(session) else effects

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

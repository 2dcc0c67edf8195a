"""Refreshes, by the owner of a session, a thief, or somebody with any token that was ever issued."""

from dataclasses import dataclass, field
from enum import Enum

from proof.machine.deployment import GRACE_SECONDS
from proof.machine.model import Contradiction, Expected, Option, Token, parts_of, settled
from proof.machine.rule import Line, Meaning, meaning, redeemed
from proof.machine.seen import Seen
from proof.machine.troubles import Happening, Meanwhile
from proof.machine.world import BODY, World
from tests.support.browser import REFRESH_COOKIE, page_refresh
from tests.support.sample_events import refresh_event

REFUSED = Expected(400, "invalid_grant")


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

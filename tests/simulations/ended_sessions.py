"""A simulation of sessions that end: writers, the feed of ended sessions, and authorizers with real copies of it.

The readers are the real ones. The store, the time, the threads and the writers are not: the store answers a strongly
consistent Query with all that was committed before, in pages. A writer's clock may be wrong, its write may be late, and
it may be sent twice. The clocks of an authorizer are wrong too, one of them stands still while it is frozen, and its
reads may fail, or be answered late.
"""

import random
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from edge_auth.authorizer import ended_sessions
from edge_auth.authorizer.ended_sessions import CannotDecide, EndedSessions
from edge_auth.authorizer.feed_reads import read_feed
from edge_auth.authorizer.http_answer import RequestFailed
from edge_auth.authorizer.signed_requests import Reply
from edge_auth.authorizer.two_clocks import Clocks
from edge_auth.errors import InvalidToken
from edge_auth.keys.timing import EXPIRY_LEEWAY_SECONDS, ISSUED_AT_LEEWAY_SECONDS
from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.ended_feed import KEPT_SECONDS, SLOT_SECONDS, entry_of, slot_of
from tests.support.access_tokens import CLAIMS, NOW

BOUND_SECONDS = 5  # RevocationSeconds
TOKEN_SECONDS = 900
# A writer adds again, if its slot began at another time of the store than this. It looks at its clock, not at the slot:
# 15 s by which the clock may differ, the slot itself, and the store says whole seconds.
WRITER_CHECK_SECONDS = 25
CLOCK_SECONDS = 25  # clocks are wrong by this at most, if no rule says otherwise
PAGE_ITEMS = 3


@dataclass(frozen=True)
class Rules:
    """What the simulation does. The defaults are the rules of the product, and each other value breaks one."""

    strong_reads: bool = True
    checks_date: bool = True  # the writer compares its slot with the store's time
    publishes_first: bool = True  # the answer leaves after the publication
    cursor_of_store: bool = True  # the next read begins at the store's time, and not at the reader's own
    reader_clock_seconds: int = CLOCK_SECONDS  # the clocks of authorizers are wrong by this at most
    writer_ahead_seconds: int = 0  # one writer, a laptop, has a clock that is wrong by this
    first_token_seconds: int = TOKEN_SECONDS  # the life of tokens before the deployment


@dataclass
class Session:
    """A session. `begun` is when its end began, `answered` when the caller got the answer to it."""

    sid: str
    issued: list[tuple[int, int]]  # iat and exp of its access tokens
    begun: float | None = None
    answered: float | None = None


@dataclass
class Feed:
    """The table: each entry with the time at which its write was committed."""

    slots: dict[int, list[tuple[float, str]]] = field(default_factory=dict)
    order: list[int] = field(default_factory=list)

    def add(self, slot: int, entry: str, committed: float) -> None:
        """Commit an entry at this time."""
        if slot not in self.slots:
            insort(self.order, slot)
        self.slots.setdefault(slot, []).append((committed, entry))

    def query(self, parameters: Mapping[str, Any], at: float) -> dict[str, Any]:
        """Return a page of what was committed until then."""
        first = int(parameters["ExpressionAttributeValues"][":slot"]["N"])
        start = parameters.get("ExclusiveStartKey", {"slot": {"N": str(first - 1)}})
        place = bisect_left(self.order, int(start["slot"]["N"]) + 1)
        found = self.order[place : place + PAGE_ITEMS]
        seen = {slot: sorted({entry for committed, entry in self.slots[slot] if committed <= at}) for slot in found}
        items = [{"slot": {"N": str(slot)}, "sids": {"SS": entries}} for slot, entries in seen.items() if entries]
        more = {"LastEvaluatedKey": {"slot": {"N": str(found[-1])}}} if place + len(found) < len(self.order) else {}
        return {"Items": items, **more}

    def forget(self, before: int) -> None:
        """Delete old slots, as the table's TTL does."""
        place = bisect_left(self.order, before)
        for slot in self.order[:place]:
            del self.slots[slot]
        del self.order[:place]


class Authorizer:
    """One authorizer: its clocks, its connection to the store and its copy of the feed."""

    def __init__(self, world: "World", *, is_closed: bool) -> None:
        """Start cold."""
        self.world = world
        wrong = world.rules.reader_clock_seconds
        self.ahead = world.chance.uniform(-wrong, wrong)
        self.lost = 0.0  # how long the monotonic clock stood still
        self.is_closed = is_closed
        self.late: list[Any] = []
        self.copy = EndedSessions(
            partial(read_feed, self.read),
            clocks=Clocks(lambda: world.now - self.lost, lambda: world.now + self.ahead),
            access_token_seconds=TOKEN_SECONDS,
            revocation_seconds=BOUND_SECONDS,
            is_closed=is_closed,
            run=self.run,
        )

    def freeze(self) -> None:
        """Stand still for a while. One clock in two stands still too."""
        seconds = self.world.chance.choice((0.5, 6.0, 40.0, 600.0))
        self.world.now += seconds
        if self.world.chance.random() < 0.5:
            self.lost += seconds

    def run(self, act: Any, seconds: float) -> None:  # noqa: ANN401 - a bound method of the attempt
        """Run an attempt. At times its answer is late: the caller waits in vain, and gets it with a later request."""
        act()
        if self.world.chance.random() < 0.02:
            self.world.now += seconds
            self.late.append((act.__self__, act.__self__.reading))
            act.__self__.reading = None

    def read(self, _operation: str, parameters: Mapping[str, Any]) -> Reply:
        """Ask the store. A page takes some time, and the authorizer may be frozen around it."""
        world, chance = self.world, self.world.chance
        if chance.random() < 0.005:
            self.freeze()
        world.now += chance.uniform(0, 0.02)
        if world.now < world.outage_until:
            raise RequestFailed("outage")
        assert parameters["ConsistentRead"]
        page = world.feed.query(parameters, world.now - (0 if world.rules.strong_reads else chance.uniform(0, 3)))
        date = int(world.now if world.rules.cursor_of_store else world.now + self.ahead)
        if chance.random() < 0.005:
            self.freeze()
        return Reply(page, None if chance.random() < 0.001 else date)

    def decide(self, sid: str, iat: int, exp: int) -> bool | None:
        """Return whether the token is accepted. None: nothing was decided."""
        for attempt, reading in self.late:
            attempt.reading = reading
        self.late.clear()
        claims = CLAIMS._replace(sid=sid, iat=iat, exp=exp)
        try:
            self.verify(claims)
            while not self.copy.decides(claims):
                if self.world.chance.random() < 0.01:
                    self.freeze()
                self.verify(claims)
        except InvalidToken:
            return False
        except CannotDecide:
            return None
        return True

    def verify(self, claims: AccessClaims) -> None:
        """Check the token's times, as the verifier does."""
        now = int(self.world.now + self.ahead)
        if now >= claims.exp + EXPIRY_LEEWAY_SECONDS or claims.iat > now + ISSUED_AT_LEEWAY_SECONDS:
            raise InvalidToken("exp")

    @property
    def may_be_late(self) -> bool:
        """Whether it goes on with an old copy, because it cannot read and is open."""
        return not self.is_closed and self.copy._failed is not None


class World:
    """Everything, and one time. `now` is the store's, in seconds since 1970."""

    def __init__(self, seed: int, rules: Rules) -> None:
        """Begin with some sessions."""
        self.chance = random.Random(seed)  # noqa: S311 - a simulation, the same in every run
        self.rules = rules
        self.now = float(NOW)
        self.outage_until = 0.0
        self.feed = Feed()
        self.living: list[Session] = []
        self.ended: list[Session] = []
        self.counts: Counter[str] = Counter()
        self.token_seconds = rules.first_token_seconds
        for _ in range(30):
            self.log_in()
        for session in self.living[:15]:  # before the deployment
            self.end(session)
        self.now += min(rules.first_token_seconds, 3000) - TOKEN_SECONDS
        self.token_seconds = TOKEN_SECONDS
        self.authorizers = [self.cold(number) for number in range(4)]

    def cold(self, number: int) -> Authorizer:
        """Return a cold authorizer. Every second one is closed."""
        return Authorizer(self, is_closed=number % 2 == 1)

    def log_in(self) -> None:
        """Open a session."""
        self.counts["sessions"] += 1
        self.living.append(Session(f"{self.counts['sessions']:011}session-id", []))
        self.renew(self.living[-1])

    def renew(self, session: Session) -> None:
        """Issue an access token, with the clock of any signer."""
        iat = int(self.now + self.chance.uniform(-CLOCK_SECONDS, CLOCK_SECONDS))
        session.issued = [*session.issued[-1:], (iat, iat + self.token_seconds)]

    def end(self, session: Session) -> None:
        """End a session, and publish it. The times of the writes lie in the future of this moment."""
        if self.chance.random() < 0.5:  # a refresh has just won against the end
            self.renew(session)
        self.living.remove(session)
        self.ended.append(session)
        session.begun = at = self.now
        laptop = self.rules.writer_ahead_seconds if self.chance.random() < 0.2 else 0
        own = at + (laptop or self.chance.uniform(-CLOCK_SECONDS, CLOCK_SECONDS))
        entry = entry_of(session.sid)
        if not self.rules.publishes_first:
            session.answered = at
        while True:
            at += self.chance.choice((0.01, 0.01, 0.01, 0.1, 4.0, 19.0))
            self.feed.add(slot_of(int(own)), entry, at)
            if self.chance.random() < 0.1:  # sent twice, and the second one arrives after the answer to the first
                self.feed.add(slot_of(int(own)), entry, at + self.chance.uniform(0, 60))
            if not self.rules.checks_date or abs(slot_of(int(own)) * SLOT_SECONDS - at) <= WRITER_CHECK_SECONDS:
                break
            own = int(at)
        session.answered = session.answered or at

    def token(self) -> tuple[Session, int, int]:
        """Return a token that a request brings: of a living session, or of one that ended just now, or long ago."""
        kind = self.chance.random()
        pool = self.living
        if self.ended and kind < 0.6:
            pool = self.ended[-4:] if kind < 0.3 else self.ended[-200:]
            old = bisect_left(self.ended, self.now - TOKEN_SECONDS - CLOCK_SECONDS, key=lambda each: each.begun or 0)
            pool = self.ended[old : old + 3] or pool if kind < 0.1 else pool
        session = self.chance.choice(pool)
        iat, exp = session.issued[-1] if kind < 0.1 else self.chance.choice(session.issued)
        return session, iat, exp

    def decide(self) -> None:
        """Let one authorizer decide one request, and judge the decision."""
        session, iat, exp = self.token()
        number = self.chance.randrange(len(self.authorizers))
        if self.chance.random() < 0.05:
            self.authorizers[number] = self.cold(number)
        authorizer = self.authorizers[number]
        accepted = authorizer.decide(session.sid, iat, exp)
        self.counts["decisions"] += 1
        self.counts[str(accepted)] += 1
        if accepted and session.answered is not None and self.now > session.answered + BOUND_SECONDS:
            self.counts["open and late" if authorizer.may_be_late else "late"] += 1
        is_young = int(self.now + authorizer.ahead) < iat + TOKEN_SECONDS
        is_issued = iat <= int(self.now + authorizer.ahead) + ISSUED_AT_LEEWAY_SECONDS
        if accepted is False and session.begun is None and is_young and is_issued:
            self.counts["false"] += 1

    def live(self, decisions: int) -> Counter[str]:
        """Let time pass until there are so many decisions, and return what was counted."""
        while self.counts["decisions"] < decisions:
            self.now += self.chance.expovariate(3)
            what = self.chance.random()
            if what < 0.03 or len(self.living) < 10:
                self.log_in()
            elif what < 0.06:
                self.renew(self.chance.choice(self.living))
            elif what < 0.09:
                self.end(self.chance.choice(self.living))
            elif what < 0.0905:
                self.outage_until = self.now + self.chance.choice((0.3, 3, 30, 200))
            elif what < 0.097:
                self.chance.choice(self.authorizers).freeze()
            if self.counts["decisions"] % 1000 == 0:
                self.feed.forget(slot_of(int(self.now)) - KEPT_SECONDS // SLOT_SECONDS)
                self.ended = self.ended[-2000:]
            self.decide()
        return self.counts


def only_monotonic(since: Any, now: Any) -> float:  # noqa: ANN401 - moments
    """Return an age by one clock."""
    return float(now.monotonic - since.monotonic)


# A rule of the reader that is removed: the name in `ended_sessions`, and what stands in its place.
READERS: dict[str, dict[str, object]] = {
    "an overlap of 5 seconds": {"OVERLAP_SECONDS": 5},
    "the monotonic clock alone": {"age_seconds": only_monotonic},
    "no margin of the window": {"WINDOW_MARGIN_SECONDS": 0},
    "no rule of age": {"check_age": lambda _issued_at, **_: None},
}
MODULE = ended_sessions

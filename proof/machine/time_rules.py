"""The rules of time and of keys."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from proof.machine.deployment import GRACE_SECONDS
from proof.machine.draws import around, edges, flag, near, pick, troubles, waits, which
from proof.machine.history import History
from proof.machine.invariants import check_all
from proof.machine.model import Session
from proof.machine.refreshes import Party
from proof.machine.troubles import Trouble, happening_of
from proof.machine.world import SITE


class TimeRules(History):
    """A clock that goes forward and back, and operators with keys."""

    @rule(
        act=st.sampled_from(("rotate", "replace", "replace at once", "deploy", "deploy")),
        number=which,
        trouble=troubles,
    )
    def change_keys(self, act: str, number: int, trouble: Trouble | None) -> None:
        """Bring the next keys forward, replace them after a leak, or start the authorizers again, as an operator.

        One replacement in some ends all sessions too. A start of the authorizers has no trouble.
        """
        self._tick()
        self._count(f"keys: {act}")
        if act == "deploy":
            self.world.deploy_authorizers()
            return
        happening = happening_of(trouble)
        if act == "rotate":
            self.world.change_ring("rotate", happening)
        else:
            at_once, ends_sessions = act == "replace at once", number % 5 == 4
            self.world.replace_keys(happening, is_at_once=at_once, is_end_of_sessions=ends_sessions)
        self._count_trouble(happening)

    @rule(seconds=waits, is_deleting=flag)
    def wait(self, seconds: int, is_deleting: bool) -> None:
        """Let time pass, and perhaps let DynamoDB delete what has expired."""
        self._wait(seconds)
        self._count("clock forward")
        if is_deleting:
            self.product.store.delete_expired(self.world.now)

    @rule(seconds=st.integers(1, 30))
    def set_clock_back(self, seconds: int) -> None:
        """Set every clock back, by 30 s at most from the latest time that it has shown."""
        back_ms = self.world.now_ms - max(self.world.now_ms - seconds * 1000, self.world.latest_ms - 30_000)
        self.world.set_back(back_ms)
        self._count("clock back" if back_ms else "clock back, not further")

    @rule(seconds=st.sampled_from((0, 1, 6, 11)))
    def break_or_mend_feed(self, seconds: int) -> None:
        """Let an outage of the feed begin or end, for authorizers. Some time later they decide of all tokens."""
        authorizers = self.product.authorizers
        authorizers.is_feed_down = not authorizers.is_feed_down
        if not authorizers.is_feed_down:
            self.world.feed_mended_ms = self.world.now_ms
        self._count("outage of the feed" if authorizers.is_feed_down else "end of an outage of the feed")
        self._wait(seconds)
        check_all(self.world)

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, token=st.integers(0, 2), edge=edges, off_ms=around)
    def refresh_at_edge(self, session: int, token: int, edge: str, off_ms: int) -> None:
        """Refresh when something of a session ends, to the millisecond, with one of its newest tokens."""
        chosen = self._session(session)
        if chosen.transport != SITE and self._come_to(_edge_ms(chosen, edge) + off_ms):
            presented = pick([each for each in self.world.tokens[::-1] if each.session is chosen], token)
            party = Party.OWNER if presented is chosen.held else Party.STRANGER
            self._happens("refresh at the edge", self._refresh(presented, party), None)

    @precondition(lambda self: self.world.tokens)
    @rule(session=near, edge=edges, off_ms=around)
    def retry_at_edge(self, session: int, edge: str, off_ms: int) -> None:
        """Refresh, lose the answer, and come again when something of the session ends, to the millisecond."""
        self._wait(GRACE_SECONDS + 1)  # or the first refresh would get the newest token again
        if token := self._held(session, is_living=True):
            self._happens("refresh", self._refresh(token, Party.OWNER, is_lost=True), None)
            if self._come_to(_edge_ms(token.session, edge) + off_ms):
                self._happens("refresh at the edge", self._refresh(token, Party.OWNER), None)

    retry_at_edge_again = retry_at_edge


def _edge_ms(session: Session, edge: str) -> int:
    """Return when the grace window, the idle timeout or the life of a session ends."""
    ends = {
        "grace": max(line.rotated_ms for line in session.may) + GRACE_SECONDS * 1000,
        "idle": max(line.idle_until for line in session.may) * 1000,
        "absolute": session.absolute_until * 1000,
    }
    return ends[edge]

"""Refreshes over random and over all short histories in which answers get lost, and in which a thief takes part.

An honest client alone is never logged out. With a thief, and pauses longer than the grace window, the session changes
hands at most once after the theft, if the thief is a client like any other. If the thief keeps used tokens too, it
changes hands twice at most: the thief can take it back once, and the owner's next refresh ends it.

`EDGE_AUTH_STEPS=20000` takes that many steps of the random histories, and enumerates longer ones.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.sessions.rotation_rule import RotationLimits
from edge_auth.sessions.session import EndedSession, Session
from tests.support.argon2 import RememberedArgon2id
from tests.support.deployment import Deployment, deployment_of_alice
from tests.support.fakes.attempts import MemoryAttempts

GRACE_SECONDS, DAY_SECONDS = 30, 86_400
LIMITS = RotationLimits(GRACE_SECONDS, 14 * DAY_SECONDS, late_retry_elsewhere=True)
MAX_SKEW_SECONDS = 120  # of a machine's clock, to either side
# A pause that is longer than the window, whichever machines' clocks measure it.
LONG_SECONDS = GRACE_SECONDS + 2 * MAX_SKEW_SECONDS + 1
SKEWS = st.integers(-MAX_SKEW_SECONDS, MAX_SKEW_SECONDS)

STEPS = int(os.environ.get("EDGE_AUTH_STEPS", "0"))
STEPS_OF_A_HISTORY = 40
HISTORIES = settings(
    max_examples=max(12, STEPS // STEPS_OF_A_HISTORY), stateful_step_count=STEPS_OF_A_HISTORY, deadline=None
)
SHORT = 6 if STEPS else 4  # the length of the histories that are enumerated

OWNER, THIEF = "owner", "thief"
CHANGES, CHANGES_WITH_USED_TOKENS = 1, 2  # how often the session may change hands after the theft
ANSWERED, NO_REQUEST, NO_ANSWER, NO_ANSWER_OF_THE_TABLE = (
    "answered",
    "no request",
    "no answer",
    "no answer of the table",
)
FATES = (ANSWERED, NO_REQUEST, NO_ANSWER, NO_ANSWER_OF_THE_TABLE)


@pytest.fixture(autouse=True)
def _remembered_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compute each check of a password once in this process. Every history begins with a login."""
    monkeypatch.setattr("edge_auth.credentials.passwords.Argon2id", RememberedArgon2id)


@dataclass(frozen=True)
class Moment:
    """What a refresh may change."""

    sessions: dict[tuple[str, str], Session]
    ended: dict[tuple[str, str], EndedSession]
    tokens: dict[str, str]
    stolen: tuple[str, ...]
    served: tuple[str, ...]
    now_ms: int


class Scene:
    """A session and the parties with tokens of it. Each party keeps its token until it has the next one."""

    def __init__(self) -> None:
        """Log the owner in."""
        self.deployment = deployment_of_alice()
        self.deployment.limits = LIMITS
        self.tokens = {OWNER: self.deployment.log_in().refresh_token}
        self.previous = self.tokens[OWNER]
        self.stolen: tuple[str, ...] = ()  # all tokens that the thief has had
        self.served: tuple[str, ...] = ()  # the parties that got tokens after the theft, in order

    def refresh(self, party: str, fate: str = ANSWERED, *, pause: int = 0, skew: int = 0) -> None:
        """Let a party refresh after a pause, on a machine whose clock differs. Raises InvalidGrant."""
        clock = self.deployment.clock
        clock.advance(seconds=pause + skew)
        try:
            token = self._answer(party, fate)
        finally:
            clock.advance(seconds=-skew)
        if token is not None:
            if party == OWNER:
                self.previous = self.tokens[OWNER]
            else:
                self.stolen = (*self.stolen, token)
            self.tokens[party] = token
            self.served = (*self.served, party)

    def _answer(self, party: str, fate: str) -> str | None:
        if fate == NO_REQUEST:
            return None
        if fate == NO_ANSWER_OF_THE_TABLE:
            with without_answers(self.deployment), suppress(TemporarilyUnavailable):
                self.deployment.refreshed(self.tokens[party])  # without a write, its own answer is lost
            return None
        token = self.deployment.refreshed(self.tokens[party]).refresh_token
        return token if fate == ANSWERED else None

    def steal(self, token: str) -> None:
        """Give a copy of a token to the thief."""
        self.tokens[THIEF], self.stolen = token, (token,)
        self.served = ()

    def changes_of_hands(self) -> int:
        """Count how often another party got tokens than the one before."""
        return sum(before != after for before, after in pairwise(self.served))

    def has_alarm(self) -> bool:
        """Return whether an event wants attention."""
        return any(event.wants_attention for event in self.deployment.events)

    def moment(self) -> Moment:
        """Return a copy of what a refresh may change."""
        store = self.deployment.store
        return Moment(
            dict(store.sessions),
            dict(store.ended),
            dict(self.tokens),
            self.stolen,
            self.served,
            self.deployment.clock.now_ms,
        )

    def back_to(self, moment: Moment) -> None:
        """Let nothing have happened since a moment."""
        store = self.deployment.store
        store.sessions, store.ended = dict(moment.sessions), dict(moment.ended)
        self.tokens, self.stolen, self.served = dict(moment.tokens), moment.stolen, moment.served
        self.deployment.clock.now_ms = moment.now_ms
        self.deployment.dead_tokens = DeadTokenLimit(
            MemoryAttempts(), self.deployment.clock, self.deployment.events.append
        )


@contextmanager
def without_answers(deployment: Deployment) -> Iterator[None]:
    """Lose the answers of the table to all writes that succeed."""

    def lost(write: Callable[..., Session]) -> Callable[..., Session]:
        def act(*arguments: Any, **named: Any) -> Session:  # noqa: ANN401 - passed through
            write(*arguments, **named)
            raise TemporarilyUnavailable("injected: the answer is lost")

        return act

    with pytest.MonkeyPatch.context() as patch:
        for name in ("rotate", "retry_late"):
            patch.setattr(deployment.sessions, name, lost(getattr(deployment.sessions, name)))
        yield


class HonestMachine(RuleBasedStateMachine):
    """One client, which may have several tabs: anything may get lost, clocks differ, and it comes back at any time."""

    @initialize()
    def log_in(self) -> None:
        """Open the session."""
        self.scene = Scene()
        self.until_ms = self.scene.deployment.clock.now_ms + 29 * DAY_SECONDS * 1000

    def paused(self, seconds: int) -> int:
        """Return the pause, or none if the absolute timeout would be near after it."""
        return seconds if self.scene.deployment.clock.now_ms + seconds * 1000 < self.until_ms else 0

    @rule(
        pause=st.one_of(st.sampled_from([0, 1, 29, 30, 31, 60, DAY_SECONDS]), st.integers(0, 4 * 3600)),
        skew=SKEWS,
        fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=3),
    )
    def refresh(self, pause: int, skew: int, fates: list[str]) -> None:
        """Refresh in one tab, or in several at the same moment with the same token. No tab is refused."""
        presented = self.scene.tokens[OWNER]
        for position, fate in enumerate(fates):
            stored, self.scene.tokens[OWNER] = self.scene.tokens[OWNER], presented
            self.scene.refresh(OWNER, fate, pause=0 if position else self.paused(pause), skew=skew)
            if fate != ANSWERED:
                self.scene.tokens[OWNER] = stored

    def teardown(self) -> None:
        """No person is told of a theft."""
        assert not self.scene.has_alarm()


class ThiefMachine(RuleBasedStateMachine):
    """The owner of a session, and from some moment on a thief. All pauses are longer than the grace window."""

    @initialize()
    def log_in(self) -> None:
        """Open the session."""
        self.scene = Scene()
        self.is_over = False
        self.limit = CHANGES

    @rule(
        party=st.sampled_from([OWNER, THIEF]),
        pause=st.integers(LONG_SECONDS, 4 * 3600),
        skew=SKEWS,
        fate=st.sampled_from(FATES),
        data=st.data(),
    )
    def refresh(self, party: str, pause: int, skew: int, fate: str, data: st.DataObject) -> None:
        """Let a party refresh. The first refusal ends the session for both, and a person is told."""
        if party not in self.scene.tokens:
            return
        if party == THIEF and self.limit == CHANGES_WITH_USED_TOKENS:
            self.scene.tokens[THIEF] = data.draw(st.sampled_from(self.scene.stolen))
        try:
            self.scene.refresh(party, fate, pause=pause, skew=skew)
        except InvalidGrant:
            assert THIEF in self.scene.tokens
            assert self.scene.has_alarm()
            self.is_over = True
        else:
            assert not self.is_over or fate == NO_REQUEST
        assert self.scene.changes_of_hands() <= self.limit

    @precondition(lambda self: THIEF not in self.scene.tokens)
    @rule(previous=st.booleans(), limit=st.sampled_from([CHANGES, CHANGES_WITH_USED_TOKENS]))
    def steal(self, previous: bool, limit: int) -> None:  # noqa: FBT001 - or the current token
        """Let the thief copy the owner's token, or the one before it. The thief may keep used tokens."""
        self.limit = limit
        self.scene.steal(self.scene.previous if previous else self.scene.tokens[OWNER])


TestHonest = HonestMachine.TestCase
TestHonest.settings = HISTORIES
TestThief = ThiefMachine.TestCase
TestThief.settings = HISTORIES


def histories(scene: Scene, acts: list[tuple[str, str, int]], length: int, limit: int = CHANGES) -> int:
    """Take every history of these acts up to a length, from this moment on. Return the number of refreshes.

    A history ends when a party is refused: that may happen to no party before a theft, and to both after it. A thief
    who keeps used tokens presents each of them.
    """
    if not length:
        return 0
    moment, taken = scene.moment(), 0
    keeps = limit == CHANGES_WITH_USED_TOKENS
    for party, fate, pause in acts:
        for token in moment.stolen if keeps and party == THIEF else (moment.tokens[party],):
            scene.back_to(moment)
            scene.tokens[party] = token
            taken += 1
            try:
                scene.refresh(party, fate, pause=pause)
            except InvalidGrant:
                assert THIEF in scene.tokens
                for each in scene.tokens:
                    with pytest.raises(InvalidGrant):
                        scene.refresh(each)
            else:
                assert scene.changes_of_hands() <= limit or THIEF not in scene.tokens
                taken += histories(scene, acts, length - 1, limit)
    return taken


def test_no_short_history_logs_an_honest_client_out() -> None:
    """F2, F3, F13: whatever is lost, and whether the client comes back within the window or after it."""
    acts = [(OWNER, fate, pause) for fate in (ANSWERED, NO_ANSWER) for pause in (1, GRACE_SECONDS, GRACE_SECONDS + 1)]
    scene = Scene()

    taken = histories(scene, acts, SHORT)

    assert taken == sum(len(acts) ** length for length in range(1, SHORT + 1))
    assert not scene.has_alarm()


@pytest.mark.parametrize("limit", [CHANGES, CHANGES_WITH_USED_TOKENS])
@pytest.mark.parametrize("stolen", ["current", "previous"])
@pytest.mark.parametrize("lost", [0, 1])
def test_in_every_short_history_the_session_changes_hands_no_more_often(stolen: str, lost: int, limit: int) -> None:
    """F28, F29, F30: the owner may have lost an answer before the theft, and each party may lose answers after it."""
    acts = [(party, fate, GRACE_SECONDS + 1) for party in (OWNER, THIEF) for fate in (ANSWERED, NO_ANSWER)]
    scene = Scene()
    for fate in [ANSWERED, ANSWERED, *[NO_ANSWER] * lost]:
        scene.refresh(OWNER, fate, pause=GRACE_SECONDS + 1)
    scene.steal(scene.tokens[OWNER] if stolen == "current" else scene.previous)

    assert histories(scene, acts, SHORT, limit) > 0
    assert scene.has_alarm()


def test_a_thief_who_always_comes_within_the_window_is_not_noticed() -> None:
    """F29: both get the same tokens, as two tabs do. This is a limit of every grace window."""
    scene = Scene()
    scene.steal(scene.tokens[OWNER])
    for _ in range(20):
        scene.refresh(OWNER, pause=LONG_SECONDS)
        scene.refresh(THIEF, pause=GRACE_SECONDS)
        assert scene.tokens[THIEF] == scene.tokens[OWNER]

    assert not scene.has_alarm()


def test_a_thief_who_keeps_a_used_token_takes_the_session_back_once() -> None:
    """F28: the owner's late retry and the thief's are alike. Then the owner's next refresh ends the session."""
    scene = Scene()
    scene.steal(scene.tokens[OWNER])

    for party, token in [(THIEF, scene.stolen[0]), (OWNER, scene.tokens[OWNER]), (THIEF, scene.stolen[0])]:
        scene.tokens[party] = token
        scene.refresh(party, pause=LONG_SECONDS)

    assert scene.served == (THIEF, OWNER, THIEF)
    for party in (OWNER, THIEF):
        with pytest.raises(InvalidGrant):
            scene.refresh(party, pause=LONG_SECONDS)
    assert scene.has_alarm()

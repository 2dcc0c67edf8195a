"""The rotation rule over random histories: which refresh tokens are redeemable, and which never become so again."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.rotation_rule import Outcome, decide
from edge_auth.sessions.session import NEVER_ROTATED_MS, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.stores import MemorySessions, MemoryStore

START_MS = 1_800_000_000_000
IDLE_SECONDS = 100
ABSOLUTE_SECONDS = 400
ANSWERED = {Outcome.ROTATED, Outcome.COALESCED, Outcome.CONVERGED}


@dataclass
class Answer:
    """The answer to a presented token: an outcome and, on success, the generation to use next."""

    outcome: Outcome
    next_generation: int | None


class RotationMachine(RuleBasedStateMachine):
    """One session under any history of refreshes, logouts and time, beside a model with one rule.

    The rule: the current token is redeemable, and the previous token is redeemable during the grace window.
    """

    @initialize(grace=st.sampled_from([0, 1, 10, 60]))
    def log_in(self, grace: int) -> None:
        """Open the session, in the store and in the model."""
        self.grace = grace
        self.now_ms = START_MS
        self.first = RefreshToken(user_id="A" * 22, session_id="Q" * 22, generation=0, seed=b"seed" * 4)
        self.store = MemoryStore()
        self.sessions = MemorySessions(self.store)
        self.invocations = 0
        self.generation = 0
        self.rotated_at_ms: int | None = None
        self.idle_end = START_MS // 1000 + IDLE_SECONDS
        self.dead = False
        self.store.sessions[self.first.user_id, self.first.session_id] = Session(
            user_id=self.first.user_id,
            session_id=self.first.session_id,
            seed_hash=self.first.seed_hash,
            generation=0,
            rotated_at_ms=NEVER_ROTATED_MS,
            rotation_id="",
            created_at_ms=START_MS,
            auth_time_seconds=START_MS // 1000,
            idle_expires_at_seconds=self.idle_end,
            absolute_expires_at_seconds=START_MS // 1000 + ABSOLUTE_SECONDS,
            client_id="first-party",
        )

    def present(self, generation: int, *, responses_lost: int) -> Answer:
        """Do what a refresh does. After each lost response the SDK writes again."""
        token = replace(self.first, generation=generation)
        self.invocations += 1
        rotation_id = str(self.invocations)
        refused: RotationRefused | None = None
        for _ in range(responses_lost + 1):
            try:
                self.sessions.rotate(
                    token,
                    rotation_id=rotation_id,
                    now_ms=self.now_ms,
                    grace_seconds=self.grace,
                    idle_expires_at_seconds=self.now_ms // 1000 + IDLE_SECONDS,
                    wanted_scope=(),
                    client=ClientDescription(),
                )
                refused = None
            except RotationRefused as error:
                refused = error
        outcome = Outcome.ROTATED
        if refused is not None:
            outcome = decide(
                token, refused.found, rotation_id=rotation_id, now_ms=self.now_ms, grace_seconds=self.grace
            )
        if outcome is Outcome.REUSED:
            self.end()
        if outcome not in ANSWERED:
            return Answer(outcome, None)
        return Answer(outcome, generation if outcome is Outcome.COALESCED else generation + 1)

    def end(self) -> None:
        """End the session in the store."""
        self.invocations += 1
        try:
            self.sessions.end(
                replace(self.first, generation=self.generation),
                reason="test",
                end_id=str(self.invocations),
                now_seconds=self.now_ms // 1000,
            )
        except AlreadyEnded:
            assert self.dead

    def in_window(self) -> bool:
        """Return whether the last rotation is inside the grace window. Without a grace window the result is False."""
        if self.rotated_at_ms is None or self.grace == 0:
            return False
        return self.now_ms - self.rotated_at_ms <= self.grace * 1000

    def redeemable(self) -> set[int]:
        """Return the generations that are redeemable in the model."""
        now_seconds = self.now_ms // 1000
        if self.dead or now_seconds >= min(self.idle_end, START_MS // 1000 + ABSOLUTE_SECONDS):
            return set()
        return {self.generation} | ({self.generation - 1} if self.in_window() else set())

    @rule(back=st.sampled_from([0, 0, 0, 1, 1, 2, 3]), responses_lost=st.sampled_from([0, 0, 1, 2]))
    def refresh(self, back: int, responses_lost: int) -> None:
        """Present any token that was ever given out. Exactly the redeemable tokens are answered."""
        generation = max(0, self.generation - back)
        redeemable, expired_or_dead = self.redeemable(), not self.redeemable()
        rotated_just_now = self.in_window() and self.now_ms - (self.rotated_at_ms or 0) < self.grace * 1000
        answer = self.present(generation, responses_lost=responses_lost)
        assert (answer.next_generation is not None) == (generation in redeemable)
        if expired_or_dead:
            assert answer.outcome in {Outcome.REVOKED, Outcome.DIVERGED, Outcome.EXPIRED}
        elif generation not in redeemable:
            assert answer.outcome is Outcome.REUSED
            self.dead = True
        elif generation == self.generation and not rotated_just_now:
            self.generation += 1
            self.rotated_at_ms = self.now_ms
            self.idle_end = self.now_ms // 1000 + IDLE_SECONDS
            assert answer == Answer(Outcome.ROTATED, self.generation)
        else:
            assert answer.next_generation == self.generation  # all answers within a window have the same token

    @rule(generations=st.integers(min_value=1, max_value=5))
    def present_a_token_from_the_future(self, generations: int) -> None:
        """A generation that was never given out is never answered, and ends no session."""
        answer = self.present(self.generation + generations, responses_lost=0)
        assert answer.next_generation is None
        assert answer.outcome in {Outcome.AHEAD, Outcome.REVOKED, Outcome.EXPIRED}

    @rule(ms=st.one_of(st.sampled_from([1, 999, 1000, 1001, 9_999, 10_000, 10_001, 60_000]), st.integers(0, 120_000)))
    def let_time_pass(self, ms: int) -> None:
        """Advance the clock."""
        self.now_ms += ms

    @precondition(lambda self: self.rotated_at_ms is not None and self.grace > 0)
    @rule(offset_ms=st.sampled_from([-1, 0, 1]))
    def go_to_the_edge_of_the_window(self, offset_ms: int) -> None:
        """Advance the clock to the last or the first millisecond."""
        self.now_ms = max(self.now_ms, (self.rotated_at_ms or 0) + self.grace * 1000 + offset_ms)

    @rule()
    def log_out(self) -> None:
        """End the session. It stays ended."""
        self.end()
        self.dead = True

    @invariant()
    def the_table_and_the_model_agree(self) -> None:
        """The generation moves only forward and only with a rotation (I1, I5), and a dead session stays dead (I3)."""
        if not hasattr(self, "store"):
            return
        session = self.store.sessions.get((self.first.user_id, self.first.session_id))
        assert (session is None) == self.dead
        assert session is None or session.generation == self.generation


TestRotation = RotationMachine.TestCase
TestRotation.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(
    behind=st.integers(-3, 5),
    age_ms=st.integers(-100_000, 100_000),
    grace=st.integers(0, 60),
)
def test_a_live_session_answers_the_current_and_the_previous_token_only(behind: int, age_ms: int, grace: int) -> None:
    """For any generation, age and window, the current token and the previous token with age ≤ W succeed (I2)."""
    token = RefreshToken(user_id="A" * 22, session_id="Q" * 22, generation=10 - behind, seed=b"seed" * 4)
    session = Session(
        user_id=token.user_id,
        session_id=token.session_id,
        seed_hash=token.seed_hash,
        generation=10,
        rotated_at_ms=START_MS,
        rotation_id="theirs",
        created_at_ms=0,
        auth_time_seconds=0,
        idle_expires_at_seconds=2**40,
        absolute_expires_at_seconds=2**40,
        client_id="first-party",
    )
    outcome = decide(token, session, rotation_id="ours", now_ms=START_MS + age_ms, grace_seconds=grace)
    expected = behind == 0 or (behind == 1 and grace > 0 and age_ms <= grace * 1000)
    assert (outcome in ANSWERED) == expected

"""The rotation rule over random histories: which refresh tokens are redeemable, and which never become so again."""

from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from edge_auth.flows.ports.sessions import AlreadyEnded, RotationRefused
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.rotation_rule import ANSWERED, Outcome, RotationLimits, decide
from edge_auth.sessions.session import NEVER_ROTATED_MS, Rotation, Session
from edge_auth.tokens.refresh_token import RefreshToken
from tests.support.fakes.stores import MemorySessions, MemoryStore

START_MS = 1_800_000_000_000
IDLE_SECONDS = 100
ABSOLUTE_SECONDS = 400


@dataclass
class Answer:
    """The answer to a presented token: an outcome and, on success, the generation to use next."""

    outcome: Outcome
    next_generation: int | None


class RotationMachine(RuleBasedStateMachine):
    """One session under any history of refreshes, logouts and time, beside a model with one rule.

    The rule: the newest token and the one that it was issued for (the base) are redeemable; within the grace window so
    is every token between them, and after it the base only for as long as late retries are answered.
    """

    @initialize(grace=st.sampled_from([0, 1, 10, 60]), late=st.sampled_from([0, 20, 80]))
    def log_in(self, grace: int, late: int) -> None:
        """Open the session, in the store and in the model."""
        self.limits = RotationLimits(grace, late, late_retry_elsewhere=True)
        self.now_ms = START_MS
        self.first = RefreshToken(user_id="A" * 22, session_id="Q" * 22, generation=0, seed=b"seed" * 4)
        self.store = MemoryStore()
        self.sessions = MemorySessions(self.store)
        self.invocations = 0
        self.generation = 0
        self.base = 0
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
        expires = self.now_ms // 1000 + IDLE_SECONDS
        rotation = Rotation(str(self.invocations), self.now_ms, expires, UNKNOWN_CLIENT)
        session, outcome = self.written(token, rotation, None, responses_lost)
        if outcome is Outcome.RETRIED_LATE:
            session, _ = self.written(token, rotation, session, responses_lost)
        if outcome is Outcome.REUSED:
            self.end()
        return Answer(outcome, session.generation if session and outcome in ANSWERED else None)

    def written(
        self, token: RefreshToken, rotation: Rotation, found: Session | None, responses_lost: int
    ) -> tuple[Session | None, Outcome]:
        """Write once, and once more for each lost response: a rotation, or a late retry of what was found."""
        session: Session | None
        for _ in range(responses_lost + 1):
            try:
                session, outcome = self.write(token, rotation, found), Outcome.ROTATED
            except RotationRefused as refused:
                outcome = decide(
                    token,
                    refused.found,
                    client=UNKNOWN_CLIENT,
                    rotation_id=rotation.rotation_id,
                    now_ms=rotation.now_ms,
                    limits=self.limits,
                )
                session = refused.found if isinstance(refused.found, Session) else None
        return session, outcome

    def write(self, token: RefreshToken, rotation: Rotation, found: Session | None) -> Session:
        """Write a rotation, or a late retry of what was found."""
        if found is None:
            return self.sessions.rotate(token, rotation, grace_seconds=self.limits.grace_seconds, wanted_scope=())
        return self.sessions.retry_late(found, rotation)

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

    def is_within(self, seconds: int) -> bool:
        """Return whether the last rotation is at most this old. In strict rotation the result is False."""
        if self.rotated_at_ms is None or self.limits.grace_seconds == 0:
            return False
        return self.now_ms - self.rotated_at_ms <= seconds * 1000

    def redeemable(self) -> set[int]:
        """Return the generations that are redeemable in the model."""
        if self.dead or self.now_ms // 1000 >= min(self.idle_end, START_MS // 1000 + ABSOLUTE_SECONDS):
            return set()
        if self.is_within(self.limits.grace_seconds):
            return set(range(self.base, self.generation + 1))
        return {self.generation} | ({self.base} if self.is_within(self.limits.late_retry_seconds) else set())

    @rule(back=st.sampled_from([0, 0, 0, 1, 1, 2, 3]), responses_lost=st.sampled_from([0, 0, 1, 2]))
    def refresh(self, back: int, responses_lost: int) -> None:
        """Present any token that was ever given out. Exactly the redeemable tokens are answered."""
        generation = max(0, self.generation - back)
        redeemable = self.redeemable()
        rotates = self.rotated_at_ms is None or self.now_ms - self.rotated_at_ms >= self.limits.grace_seconds * 1000
        converges = self.is_within(self.limits.grace_seconds)
        answer = self.present(generation, responses_lost=responses_lost)
        assert (answer.next_generation is not None) == (generation in redeemable)
        if not redeemable:
            assert answer.outcome in {Outcome.REVOKED, Outcome.DIVERGED, Outcome.EXPIRED}
        elif generation not in redeemable:
            assert answer.outcome is Outcome.REUSED
            self.dead = True
        elif generation == self.generation and rotates:
            self.base = generation
            self.rotated()
            assert answer == Answer(Outcome.ROTATED, self.generation)
        elif generation < self.generation and not converges:
            self.rotated()
            assert answer == Answer(Outcome.RETRIED_LATE, self.generation)
        else:
            assert answer.next_generation == self.generation  # all answers within a window have the same token

    def rotated(self) -> None:
        """Move the model to the next generation."""
        self.generation += 1
        self.rotated_at_ms = self.now_ms
        self.idle_end = self.now_ms // 1000 + IDLE_SECONDS

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

    @precondition(lambda self: self.rotated_at_ms is not None and self.limits.grace_seconds > 0)
    @rule(of_the_window=st.booleans(), offset_ms=st.sampled_from([-1, 0, 1]))
    def go_to_an_edge(self, of_the_window: bool, offset_ms: int) -> None:  # noqa: FBT001 - or of the late retries
        """Advance the clock to the last or the first millisecond of a limit."""
        limit = self.limits.grace_seconds if of_the_window else self.limits.late_retry_seconds
        self.now_ms = max(self.now_ms, (self.rotated_at_ms or 0) + limit * 1000 + offset_ms)

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
        assert session is None or (session.generation, max(0, session.base)) == (self.generation, self.base)


TestRotation = RotationMachine.TestCase
TestRotation.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


@given(
    behind=st.integers(-3, 7),
    base_behind=st.integers(1, 5),
    age_ms=st.integers(-100_000, 200_000),
    grace=st.integers(0, 60),
    late=st.integers(0, 120),
)
def test_a_live_session_answers_from_its_base_to_its_newest_token_only(
    behind: int, base_behind: int, age_ms: int, grace: int, late: int
) -> None:
    """For any generation, age and limits: the newest; within W all from the base on; and late, the base alone (I2)."""
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
        base=10 - base_behind,
    )
    outcome = decide(
        token,
        session,
        client=UNKNOWN_CLIENT,
        rotation_id="ours",
        now_ms=START_MS + age_ms,
        limits=RotationLimits(grace, late, late_retry_elsewhere=True),
    )
    in_window = 0 <= behind <= base_behind and age_ms <= grace * 1000
    expected = behind == 0 or (grace > 0 and (in_window or (behind == base_behind and age_ms <= late * 1000)))
    assert (outcome in ANSWERED) == expected

"""Rotate keys: the only writer of the key ring, its races, its crashes and its operators."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.keys.rotate_keys import ATTEMPTS, RotateKeys
from edge_auth.flows.ports.key_ring import KeyRingStore, RingMoved, StoredRing
from edge_auth.keys.maker import key_maker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import RotationPolicy
from edge_auth.keys.timing import MIN_PUBLISH_SECONDS, REPLACE_SECONDS
from tests.support.access_tokens import NOW
from tests.support.deployment import Clock
from tests.support.fakes.stores import MemoryKeyRingStore
from tests.support.rings import DAY, cheap_keys

if TYPE_CHECKING:
    from edge_auth.flows.ports.revocations import Revocations

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)


@dataclass
class TroubledStore(MemoryKeyRingStore):
    """A store that other writers use too, that can be down, and that can lose its answers."""

    before_write: list[Callable[[], object]] = field(default_factory=list)
    writes: int = 0
    is_down: bool = False
    loses_answers: bool = False

    def __post_init__(self) -> None:
        """Begin without a ring."""
        super().__init__()

    def read(self) -> StoredRing | None:
        """Read the ring."""
        if self.is_down:
            raise TemporarilyUnavailable("injected")
        return super().read()

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Let the other writers act first, then keep the ring."""
        self.writes += 1
        if self.before_write:
            self.before_write.pop(0)()
        if self.is_down:
            raise TemporarilyUnavailable("injected")
        stored = super().write(ring, after=after)
        if self.loses_answers:
            raise TemporarilyUnavailable("injected: the answer was lost")
        return stored


class Rotation:
    """The use case over one store, and the events of all its users."""

    def __init__(self) -> None:
        """Begin without a ring."""
        self.store = TroubledStore()
        self.clock = Clock()
        self.events: list[SecurityEvent] = []
        self.make = cheap_keys()
        self.policy = POLICY
        self.revocations: Revocations | None = None

    def over(self, store: KeyRingStore) -> RotateKeys:
        """Return the use case over another store."""
        return RotateKeys(
            store=store,
            revocations=self.revocations,
            policy=self.policy,
            make=self.make,
            clock=self.clock,
            record=self.events.append,
        )

    @property
    def keys(self) -> RotateKeys:
        """The use case."""
        return self.over(self.store)

    @property
    def other(self) -> RotateKeys:
        """Another writer of the same ring, without any failures."""
        return self.over(_Untroubled(self.store))

    def told(self) -> list[tuple[EventName, str]]:
        """Return the events so far and forget them."""
        told = [(event.name, event.reason) for event in self.events]
        self.events.clear()
        return told


@dataclass
class _Untroubled:
    """The same store without its failures."""

    store: TroubledStore

    def read(self) -> StoredRing | None:
        """Read the ring."""
        return MemoryKeyRingStore.read(self.store)

    def write(self, ring: KeyRing, *, after: str | None) -> StoredRing:
        """Keep the ring."""
        return MemoryKeyRingStore.write(self.store, ring, after=after)


@pytest.fixture
def rotation() -> Rotation:
    """Return a new deployment."""
    return Rotation()


@pytest.fixture
def made(rotation: Rotation) -> StoredRing:
    """Return a new ring of the deployment, and forget its events."""
    stored = rotation.keys.advance()
    rotation.told()
    rotation.store.writes = 0
    return stored


# --- the first ring ---


def test_a_new_deployment_gets_a_ring(rotation: Rotation) -> None:
    """It has the wanted algorithm, is made now, is kept, and is recorded."""
    rotation.policy = replace(POLICY, alg="EdDSA")
    stored = rotation.keys.advance()
    assert rotation.store.read() == stored
    assert {timed.key.alg for timed in stored.ring.signing} == {"EdDSA"}
    assert {timed.published_at_seconds for timed in stored.ring.signing} == {NOW}
    assert {timed.published_at_seconds for timed in stored.ring.mac} == {NOW}
    assert rotation.told() == [(EventName.KEYS_PLANNED, "advance")]


def test_of_two_that_make_the_first_ring_both_get_the_winners(rotation: Rotation) -> None:
    """Otherwise one of the two would publish keys that never sign."""
    winners: list[StoredRing] = []
    rotation.store.before_write = [lambda: winners.append(rotation.other.advance())]
    assert rotation.keys.advance() == winners[0] == rotation.store.read()
    assert rotation.told() == [(EventName.KEYS_PLANNED, "advance")]


def test_another_algorithm_makes_nothing(rotation: Rotation) -> None:
    """The error says that the algorithm is unsupported."""
    rotation.policy, rotation.make = replace(POLICY, alg="HS256"), key_maker(bytes)
    with pytest.raises(ValueError, match="unsupported"):
        rotation.keys.advance()
    assert rotation.store.read() is None
    assert rotation.told() == []


def test_an_outage_makes_no_second_ring(rotation: Rotation) -> None:
    """A ring that cannot be read may still exist."""
    rotation.store.is_down = True
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.advance()
    assert rotation.store.writes == 0
    assert rotation.told() == []


# --- the schedule ---


def test_where_nothing_is_due_nothing_is_written(rotation: Rotation, made: StoredRing) -> None:
    """Examples are an update of the stack, a retry of CloudFormation, and an hour without change."""
    for _ in range(5):
        rotation.clock.advance(seconds=DAY)
        assert rotation.keys.advance() == made
    assert rotation.store.writes == 0
    assert rotation.told() == []


def test_what_is_due_is_written_once(rotation: Rotation, made: StoredRing) -> None:
    """Later calls of the schedule write nothing."""
    rotation.clock.advance(seconds=30 * DAY)
    after = rotation.keys.advance()
    assert after.version != made.version
    assert after.ring.at(NOW + 30 * DAY).signing == made.ring.signing[1].key
    assert [rotation.keys.advance() for _ in range(3)] == [after] * 3
    assert rotation.store.writes == 1
    assert rotation.told() == [(EventName.KEYS_PLANNED, "advance")]


def test_the_loser_of_a_race_takes_what_the_winner_wrote(rotation: Rotation, made: StoredRing) -> None:
    """The ring advances once: a second next key would be one too many."""
    rotation.clock.advance(seconds=30 * DAY)
    winners: list[StoredRing] = []
    rotation.store.before_write = [lambda: winners.append(rotation.other.advance())]
    after = rotation.keys.advance()
    assert after == winners[0] == rotation.store.read()
    assert len(after.ring.signing) == len(made.ring.signing) + 1
    assert rotation.told() == [(EventName.KEYS_PLANNED, "advance")]


def test_a_race_that_never_ends_is_given_up(rotation: Rotation, made: StoredRing) -> None:
    """The other writers' rings stay (F40)."""
    versions = [made.version]

    def replace_meanwhile() -> None:
        versions.append(rotation.other.replace_all(versions[-1], at_once=True, end_sessions=True).version)
        rotation.clock.advance(seconds=1)

    rotation.clock.advance(seconds=30 * DAY)
    rotation.store.before_write = [replace_meanwhile] * 10
    with pytest.raises(TemporarilyUnavailable, match="moved"):
        rotation.keys.advance()
    assert rotation.store.writes == ATTEMPTS
    assert rotation.keys.show().version == versions[-1]


def test_a_crash_between_reading_and_writing_changes_nothing(rotation: Rotation, made: StoredRing) -> None:
    """The next call does all of the work."""
    rotation.clock.advance(seconds=30 * DAY)

    def crash() -> None:
        raise MemoryError

    rotation.store.before_write = [crash]
    with pytest.raises(MemoryError):
        rotation.keys.advance()
    assert rotation.store.read() == made
    assert rotation.told() == []
    rotation.keys.advance()
    assert rotation.told() == [(EventName.KEYS_PLANNED, "advance")]


def test_a_lost_answer_advances_the_ring_once(rotation: Rotation, made: StoredRing) -> None:
    """The write was kept, and the next call finds nothing to do."""
    rotation.clock.advance(seconds=30 * DAY)
    rotation.store.loses_answers = True
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.advance()
    rotation.store.loses_answers = False
    kept = rotation.keys.advance()
    assert kept == rotation.store.read()
    assert len(kept.ring.signing) == len(made.ring.signing) + 1
    assert rotation.store.writes == 1


def test_an_outage_changes_nothing(rotation: Rotation, made: StoredRing) -> None:
    """The outage begins before the read or before the write."""
    rotation.clock.advance(seconds=30 * DAY)

    def down() -> None:
        rotation.store.is_down = True

    rotation.store.before_write = [down]
    for _ in range(2):
        with pytest.raises(TemporarilyUnavailable):
            rotation.keys.advance()
    rotation.store.is_down = False
    assert rotation.store.read() == made
    assert rotation.told() == []


# --- operators ---


def test_show_returns_the_ring_and_writes_nothing(rotation: Rotation, made: StoredRing) -> None:
    """A ring that is due to advance stays as it is."""
    rotation.clock.advance(seconds=300 * DAY)
    assert rotation.keys.show() == made
    assert rotation.store.writes == 0


def test_where_no_ring_was_made_there_is_nothing_to_show_or_to_act_on(rotation: Rotation) -> None:
    """Only the schedule and the stack create the first ring."""
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.show()
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.rotate("any")
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.replace_all("any", at_once=True, end_sessions=True)
    assert rotation.store.read() is None


def test_rotate_lets_the_next_keys_sign_and_tells(rotation: Rotation, made: StoredRing) -> None:
    """It acts on the version that the operator was shown."""
    rotation.clock.advance(seconds=2 * DAY)
    after = rotation.keys.rotate(made.version)
    assert after.ring.at(NOW + 2 * DAY).signing == made.ring.signing[1].key
    assert rotation.told() == [(EventName.KEYS_PLANNED, "rotate")]


@pytest.mark.parametrize(("at_once", "delay"), [(True, 0), (False, REPLACE_SECONDS)])
@pytest.mark.parametrize(("end_sessions", "reason"), [(True, "sessions_ended"), (False, "sessions_kept")])
def test_replace_all_ends_the_keys_and_tells(
    at_once: bool,  # noqa: FBT001 - a parameter of the test
    delay: int,
    end_sessions: bool,  # noqa: FBT001 - a parameter of the test
    reason: str,
    rotation: Rotation,
    made: StoredRing,
) -> None:
    """Old keys end in some minutes or at once, with or without the sessions, and the event wants attention."""
    after = rotation.keys.replace_all(made.version, at_once=at_once, end_sessions=end_sessions)
    in_force = after.ring.at(NOW + delay)
    assert [timed.key for timed in in_force.verifying] == [after.ring.signing[-1].key]
    assert after.ring.signing[-1].signs_from_seconds == NOW + delay
    assert (made.ring.mac[0].key.key_id in in_force.mac_keys) is not end_sessions
    assert rotation.told() == [(EventName.KEYS_REPLACED, reason)]
    assert EventName.KEYS_REPLACED.wants_attention


Act = Callable[[RotateKeys, str], StoredRing]
ACTS: list[Act] = [
    lambda keys, version: keys.rotate(version),
    lambda keys, version: keys.replace_all(version, at_once=True, end_sessions=True),
    lambda keys, version: keys.replace_all(version, at_once=False, end_sessions=False),
]


@pytest.mark.parametrize("act", ACTS)
def test_a_ring_that_has_changed_since_it_was_shown_is_left_alone(
    act: Act, rotation: Rotation, made: StoredRing
) -> None:
    """An operator who sends the command twice replaces the keys once."""
    rotation.clock.advance(seconds=2 * DAY)
    after = act(rotation.keys, made.version)
    rotation.told()
    with pytest.raises(RingMoved):
        act(rotation.keys, made.version)
    assert rotation.store.read() == after
    assert rotation.store.writes == 1
    assert rotation.told() == []


@pytest.mark.parametrize("act", ACTS)
def test_an_operator_who_loses_a_race_does_nothing(act: Act, rotation: Rotation, made: StoredRing) -> None:
    """The operator gets an error, and the act does not apply to a ring that the operator has not seen."""
    rotation.clock.advance(seconds=30 * DAY)
    rotation.store.before_write = [rotation.other.advance]
    with pytest.raises(RingMoved):
        act(rotation.keys, made.version)
    assert rotation.store.writes == 1
    assert rotation.told() == [(EventName.KEYS_PLANNED, "advance")]


@pytest.mark.parametrize("act", ACTS)
def test_an_act_whose_answer_was_lost_is_done_once(act: Act, rotation: Rotation, made: StoredRing) -> None:
    """The same command again is refused, because the version has changed."""
    rotation.clock.advance(seconds=2 * DAY)
    rotation.store.loses_answers = True
    with pytest.raises(TemporarilyUnavailable):
        act(rotation.keys, made.version)
    rotation.store.loses_answers = False
    kept = rotation.store.read()
    assert kept is not None
    assert kept.version != made.version
    with pytest.raises(RingMoved):
        act(rotation.keys, made.version)
    assert rotation.store.read() == kept


# --- the events ---


@pytest.mark.parametrize("trouble", ["loses_answers", "is_down"])
def test_a_replacement_that_may_have_happened_is_told(trouble: str, rotation: Rotation, made: StoredRing) -> None:
    """An attacker who replaces keys and cuts the connection still causes the alarm. A rotation needs no alarm."""
    rotation.store.before_write = [lambda: setattr(rotation.store, trouble, True)]
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.replace_all(made.version, at_once=True, end_sessions=False)
    assert rotation.told() == [(EventName.KEYS_REPLACED, "sessions_kept, not known to be kept")]
    assert EventName.KEYS_REPLACED.wants_attention

    setattr(rotation.store, trouble, False)
    rotation.store.before_write = [lambda: setattr(rotation.store, trouble, True)]
    stored = rotation.keys.show()
    with pytest.raises(TemporarilyUnavailable):
        rotation.keys.rotate(stored.version)
    assert rotation.told() == []


def test_no_event_holds_a_key(rotation: Rotation) -> None:
    """Events contain no secret and no key id (K5)."""
    real = key_maker(lambda size: bytes([250]) * size)
    rotation.make = real
    rotation.policy = replace(POLICY, publish_seconds=MIN_PUBLISH_SECONDS)
    stored = rotation.keys.advance()
    rings = [stored.ring]
    stored = rotation.keys.rotate(stored.version)
    rings.append(stored.ring)
    rings.append(rotation.keys.replace_all(stored.version, at_once=False, end_sessions=True).ring)
    shown = repr(rotation.events)
    assert len(rotation.events) == 3
    pairs = [timed.key for ring in rings for timed in ring.signing]
    assert [value for pair in pairs for value in (pair.kid, *pair.jwk.values()) if value in shown.split("'")] == []
    assert "\\xfa" not in shown


def test_a_rotation_lets_the_next_key_sign_at_this_second(rotation: Rotation, made: StoredRing) -> None:
    """It was public for long enough. The key before it ends when all that it signed has expired."""
    rotation.clock.advance(seconds=10 * DAY)

    rotated = rotation.keys.rotate(made.version)
    assert rotated.ring.at(NOW + 10 * DAY).signing == made.ring.signing[1].key
    assert rotated.ring.signing[1].signs_from_seconds == NOW + 10 * DAY
    assert rotated.ring.signing[2].published_at_seconds == NOW + 10 * DAY
    assert rotation.told() == [(EventName.KEYS_PLANNED, "rotate")]

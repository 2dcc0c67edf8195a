"""The plan of the key ring over random histories: valid tokens are never refused, and ended keys never come back.

The machine does not know the rules. It keeps each copy of the ring that a reader may still use. At each instant at
which something changes, every copy signs, and every copy must accept the signed tokens.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.rotation import AT_ONCE, RotationPolicy, advance, first_ring, replace_all, rotate
from edge_auth.keys.timing import (
    EXPIRY_LEEWAY_SECONDS,
    MAX_LIFETIME_SECONDS,
    MAX_RING_AGE_SECONDS,
    MIN_PUBLISH_SECONDS,
    REPLACE_SECONDS,
    RING_AGE_SECONDS,
)
from tests.support.rings import DAY, cheap_keys

START = 1_800_000_000
HOUR = 3600
ACCESS_SECONDS = MAX_LIFETIME_SECONDS + EXPIRY_LEEWAY_SECONDS  # the longest time for which an access token is accepted
WRITE_SECONDS = 20  # the longest delay between the clock and the write: new keys are made, and requests are tried again

Key = str | bytes
"""A `kid`, or the id of a MAC key."""

algorithms = st.sampled_from(["ES256", "EdDSA"])
delays = st.integers(0, WRITE_SECONDS)
offsets = st.integers(-WRITE_SECONDS, 1)
durations = st.one_of(
    st.integers(0, 2 * HOUR),
    st.sampled_from([HOUR, MAX_RING_AGE_SECONDS, MIN_PUBLISH_SECONDS, DAY]),
    st.integers(0, 100 * DAY),
)
policies = st.builds(
    RotationPolicy,
    alg=algorithms,
    period_seconds=st.sampled_from([0, HOUR, DAY, 7 * DAY, 30 * DAY]),
    publish_seconds=st.sampled_from([MIN_PUBLISH_SECONDS, MIN_PUBLISH_SECONDS + 1, DAY, 10 * DAY]),
    mac_token_seconds=st.sampled_from([DAY, 14 * DAY, 60 * DAY]),
)


@dataclass
class Copy:
    """The ring between two writes. A reader may hold it for some time after the second write."""

    ring: KeyRing
    written_at: int
    followed_at: int | None = None
    max_age: int = MAX_RING_AGE_SECONDS

    def is_usable(self, now: int) -> bool:
        """Return whether a reader may use this copy."""
        return self.followed_at is None or now < self.followed_at + self.max_age

    def accepted(self, now: int) -> set[Key]:
        """Return the ids of the keys under which this copy accepts tokens."""
        keys = self.ring.at(now)
        return {timed.key.kid for timed in keys.verifying} | set(keys.mac_keys)

    def signers(self, now: int) -> tuple[str, bytes]:
        """Return the ids of the keys with which this copy signs."""
        keys = self.ring.at(now)
        return keys.signing.kid, keys.mac.key_id


def timed_keys(ring: KeyRing) -> dict[Key, TimedKey[Any]]:
    """Return all keys of a ring by their ids."""
    signing: dict[Key, TimedKey[Any]] = {timed.key.kid: timed for timed in ring.signing}
    return signing | {timed.key.key_id: timed for timed in ring.mac}


class RingMachine(RuleBasedStateMachine):
    """One ring under any history of time, schedules, stack updates and operators, with all its readers."""

    @initialize(policy=policies)
    def deploy(self, policy: RotationPolicy) -> None:
        """Make the first ring."""
        self.now = START
        self.policy = policy
        self.make = cheap_keys()
        self.good_until: dict[Key, int] = {}  # when the last token under a key ends
        self.replaced_at: dict[Key, int] = {}  # when an operator ended a key
        self.known: dict[Key, TimedKey[Any]] = {}
        self.gone: set[Key] = set()
        self.begun_at: dict[Key, int] = {}  # for keys that need no lead: when they may sign
        ring = first_ring(now_seconds=self.now, policy=policy, make=self.make)
        self.begun_at.update(dict.fromkeys(timed_keys(ring), self.now))
        self.begun_at.pop(ring.signing[-1].key.kid)
        self.begun_at.pop(ring.mac[-1].key.key_id)
        self.copies = [Copy(ring, self.now)]
        self.known = timed_keys(ring)
        self.sign()

    @property
    def ring(self) -> KeyRing:
        """The ring as it is stored."""
        return self.copies[-1].ring

    @rule(seconds=durations)
    def time_passes(self, seconds: int) -> None:
        """Let time pass without a write. The clock may still change which keys sign and are accepted."""
        self.pass_to(self.now + seconds)

    @rule(data=st.data(), lead=st.sampled_from([0, MAX_RING_AGE_SECONDS, MIN_PUBLISH_SECONDS]), offset=offsets)
    def until_something_changes(self, data: st.DataObject, lead: int, offset: int) -> None:
        """Go to an instant near a change, because errors are likely there."""
        instants = self.instants(self.now + 100 * DAY)
        if instants:
            self.pass_to(max(self.now, data.draw(st.sampled_from(instants)) - lead + offset))

    @rule(delay=delays)
    def schedule(self, delay: int) -> None:
        """Advance the ring, as the schedule does every hour."""
        self.write(advance, delay)

    @rule(delay=delays)
    def operator_rotates(self, delay: int) -> None:
        """Bring the next keys forward."""
        self.write(rotate, delay)

    @rule(policy=policies, delay=delays)
    def stack_update(self, policy: RotationPolicy, delay: int) -> None:
        """Change the policy. CloudFormation advances the ring, and the schedule did so shortly before."""
        self.write(advance, 0)
        self.policy = policy
        self.write(advance, delay)

    @rule(alg=algorithms, delay=delays)
    def another_algorithm(self, alg: str, delay: int) -> None:
        """Change only the algorithm, forward and back."""
        self.policy = replace(self.policy, alg=alg)
        self.write(advance, delay)

    @rule(at_once=st.booleans(), end_sessions=st.booleans(), delay=delays)
    def operator_replaces_all(self, at_once: bool, end_sessions: bool, delay: int) -> None:  # noqa: FBT001 - drawn
        """End every key. Readers with a copy older than usual have no promise any more."""
        after = AT_ONCE if at_once else REPLACE_SECONDS
        before, at = timed_keys(self.ring), self.now + after
        ring = replace_all(
            self.ring,
            now_seconds=self.now,
            policy=self.policy,
            make=self.make,
            after_seconds=after,
            end_sessions=end_sessions,
        )
        self.pass_to(self.now + delay)
        ended = [key for key in before if isinstance(key, str) or end_sessions]
        for key in ended:
            self.replaced_at[key] = min(at, self.replaced_at.get(key, at))
            if (timed := timed_keys(ring).get(key)) is not None:
                assert timed.is_final
                assert timed.ends_at_seconds is not None
                assert timed.ends_at_seconds <= at
        for key in timed_keys(ring).keys() - before.keys():
            self.begun_at[key] = at
        self.keep(ring)
        for copy in self.copies[:-1]:
            copy.max_age = min(copy.max_age, 0 if at_once else RING_AGE_SECONDS)
        self.sign()

    def write(self, act: Callable[..., KeyRing], delay: int) -> None:
        """Let the writer act on the ring, and store the result some seconds later."""
        before = timed_keys(self.ring)
        ring = act(self.ring, now_seconds=self.now, policy=self.policy, make=self.make)
        again = advance(ring, now_seconds=self.now, policy=self.policy, make=self.make)
        assert again == ring, "advance is not done after one call"
        self.pass_to(self.now + delay)
        for key, timed in timed_keys(ring).items():
            if key in before:
                self.compare(before[key], timed)
        if ring != self.ring:
            self.keep(ring)
        self.sign()

    def compare(self, before: TimedKey[Any], after: TimedKey[Any]) -> None:
        """Check that an announced end is never earlier than before, and that a final end does not change."""
        assert after.published_at_seconds == before.published_at_seconds
        assert after.signs_from_seconds <= before.signs_from_seconds
        assert after.is_final == before.is_final
        if before.ends_at_seconds is not None:
            assert after.ends_at_seconds is not None
            assert after.ends_at_seconds >= before.ends_at_seconds
        if before.is_final:
            assert after == before

    def keep(self, ring: KeyRing) -> None:
        """Store the ring."""
        now_known = timed_keys(ring)
        assert not self.gone & now_known.keys(), "a key came back"
        self.gone |= self.known.keys() - now_known.keys()
        self.known |= now_known
        self.copies[-1].followed_at = self.now
        self.copies = [copy for copy in self.copies if copy.is_usable(self.now)]
        self.copies.append(Copy(ring, self.now))

    def instants(self, until: int) -> list[int]:
        """Return the instants of all changes from now on: the last second before each, and the first second after."""
        changes = {
            instant
            for copy in self.usable()
            for timed in timed_keys(copy.ring).values()
            for instant in (timed.signs_from_seconds, timed.ends_at_seconds)
            if instant is not None
        }
        changes |= {copy.followed_at + copy.max_age for copy in self.copies if copy.followed_at is not None}
        changes |= set(self.good_until.values())
        around = {instant for change in changes for instant in (change - 1, change)}
        return sorted(instant for instant in around if self.now < instant <= until)

    def pass_to(self, until: int) -> None:
        """Let time pass, and let all readers sign and verify at each change."""
        while instants := self.instants(until):
            self.now = instants[0]
            self.sign()
            self.check()
        self.now = until
        self.sign()
        self.check()

    def usable(self) -> list[Copy]:
        """Return the copies that readers may hold."""
        return [copy for copy in self.copies if copy.is_usable(self.now)]

    def sign(self) -> None:
        """Let every reader sign both tokens."""
        for copy in self.usable():
            kid, mac_key_id = copy.signers(self.now)
            for key, good_for in ((kid, ACCESS_SECONDS), (mac_key_id, self.policy.mac_token_seconds)):
                self.good_until[key] = max(self.good_until.get(key, 0), self.now + good_for)
                self.check_lead(key)

    def check_lead(self, key: Key) -> None:
        """Check that a key signs only after it was public for long enough, and never after it was taken back."""
        timed = self.known[key]
        start = self.begun_at.get(key, timed.published_at_seconds + MIN_PUBLISH_SECONDS)
        assert self.now >= start, "a key signs too early"
        assert timed.ends_at_seconds is not None or key not in self.gone, "a key signs that was taken back"

    @invariant()
    def check(self) -> None:
        """Every reader accepts the valid tokens, and no reader accepts an ended key."""
        good = {
            key
            for key, until in self.good_until.items()
            if self.now < until and self.now < self.replaced_at.get(key, until)
        }
        for copy in self.usable():
            accepted = copy.accepted(self.now)
            assert good <= accepted, "a good token is refused"
            for key in accepted:
                end = self.known[key].ends_at_seconds
                assert end is None or self.now < end, "a key is accepted after its end"

    @invariant()
    def the_ring_is_in_order(self) -> None:
        """In each kind the newest key is the last to sign, and only it has no end."""
        for keys in (self.ring.signing, self.ring.mac):
            starts = [timed.signs_from_seconds for timed in keys]
            assert starts == sorted(starts)
            assert keys[-1].ends_at_seconds is None
            assert all(timed.ends_at_seconds is not None for timed in keys[:-1])


TestRing = RingMachine.TestCase
TestRing.settings = settings(max_examples=100, stateful_step_count=20)

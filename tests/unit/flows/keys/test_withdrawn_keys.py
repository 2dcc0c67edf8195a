"""Keys that are replaced at once: authorizers are told first, where they read the feed of ended sessions."""

from dataclasses import replace

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.flows.keys.rotate_keys import RotateKeys
from edge_auth.flows.ports.key_ring import RingMoved, StoredRing
from edge_auth.flows.ports.revocations import Revocations
from edge_auth.keys.rotation import RotationPolicy, earliest_end
from tests.support.access_tokens import NOW
from tests.support.deployment import Clock, Trouble, troubled
from tests.support.fakes.revocations import MemoryRevocations
from tests.support.fakes.stores import MemoryKeyRingStore
from tests.support.rings import DAY, cheap_keys

POLICY = RotationPolicy("ES256", period_seconds=30 * DAY, publish_seconds=DAY, mac_token_seconds=14 * DAY)


class Withdrawal:
    """The use case, with the feed on. Every act of the feed and of the store may fail."""

    def __init__(self) -> None:
        """Begin with a ring."""
        self.trouble = Trouble()
        self.feed = MemoryRevocations()
        self.clock = Clock()
        self.store = MemoryKeyRingStore()
        self.make = cheap_keys()
        self.made = self.keys(troubled(self.feed, self.trouble)).advance()
        self.old = {timed.key.kid for timed in self.made.ring.signing}
        self.trouble.acts.clear()

    def keys(self, revocations: Revocations | None) -> RotateKeys:
        """Return the use case with this feed."""
        return RotateKeys(
            store=troubled(self.store, self.trouble),
            revocations=revocations,
            policy=POLICY,
            make=self.make,
            clock=self.clock,
            record=lambda _event: None,
        )

    def replace(self, version: str, *, at_once: bool = True) -> StoredRing:
        """Replace the keys."""
        revocations = troubled(self.feed, self.trouble)
        return self.keys(revocations).replace_all(version, at_once=at_once, end_sessions=False)


@pytest.fixture
def withdrawal() -> Withdrawal:
    """Return a deployment with keys."""
    return Withdrawal()


def test_the_old_keys_are_withdrawn_before_the_ring_is_written(withdrawal: Withdrawal) -> None:
    """K3: the planned next key too, since it may have leaked with the others; never the new one."""
    after = withdrawal.replace(withdrawal.made.version)

    assert withdrawal.trouble.acts == ["read", "withdraw_keys", "write"]
    assert withdrawal.feed.kids == withdrawal.old
    assert len(withdrawal.old) == 2
    assert after.ring.signing[-1].key.kid not in withdrawal.feed.kids


def test_keys_stay_withdrawn_until_their_planned_end(withdrawal: Withdrawal) -> None:
    """An authorizer that no run could change may have them until then, and a leaked key signs at any time."""
    planned = [timed.ends_at_seconds for timed in withdrawal.made.ring.signing if timed.ends_at_seconds]
    withdrawal.replace(withdrawal.made.version)

    assert withdrawal.feed.keys_until_seconds >= max(*planned, NOW + POLICY.period_seconds)
    assert withdrawal.feed.keys_until_seconds >= earliest_end(NOW, POLICY) + POLICY.publish_seconds


def test_keys_stay_withdrawn_until_an_end_that_was_planned_for_later_than_usual(withdrawal: Withdrawal) -> None:
    """It was planned when keys lived longer."""
    ring = withdrawal.made.ring
    late = NOW + 400 * DAY
    older = replace(ring, signing=(replace(ring.signing[0], ends_at_seconds=late), *ring.signing[1:]))
    stored = withdrawal.store.write(older, after=withdrawal.made.version)

    withdrawal.replace(stored.version)
    assert withdrawal.feed.keys_until_seconds == late


def test_keys_that_end_in_some_minutes_are_not_withdrawn(withdrawal: Withdrawal) -> None:
    """They sign until then, so an authorizer that refused them would refuse every fresh token."""
    withdrawal.replace(withdrawal.made.version, at_once=False)

    assert withdrawal.feed.kids == set()


def test_without_the_feed_the_ring_is_replaced_as_before(withdrawal: Withdrawal) -> None:
    """No message is sent."""
    withdrawal.keys(None).replace_all(withdrawal.made.version, at_once=True, end_sessions=False)

    assert withdrawal.trouble.acts == ["read", "write"]


def test_a_ring_is_not_replaced_before_authorizers_know(withdrawal: Withdrawal) -> None:
    """The operator repeats the same command, with the version that was shown."""
    withdrawal.trouble.fail("withdraw_keys", times=1)
    with pytest.raises(TemporarilyUnavailable):
        withdrawal.replace(withdrawal.made.version)
    assert withdrawal.store.read() == withdrawal.made

    withdrawal.replace(withdrawal.made.version)
    assert withdrawal.feed.kids == withdrawal.old


def test_an_older_version_withdraws_nothing(withdrawal: Withdrawal) -> None:
    """Nothing was done, as the operator is told."""
    with pytest.raises(RingMoved):
        withdrawal.replace("an older version")

    assert withdrawal.feed.kids == set()


@pytest.mark.parametrize("failure", ["an outage", "another writer"])
def test_withdrawn_keys_that_were_not_replaced_are_not_called_untouched(
    withdrawal: Withdrawal, failure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """RingMoved would say that nothing was done. The same command on the ring as it is now replaces them."""
    if failure == "an outage":
        withdrawal.trouble.fail("write", times=1)
    else:
        monkeypatch.setattr(withdrawal.feed, "withdraw_keys", _then_rotate(withdrawal))
    with pytest.raises(TemporarilyUnavailable):
        withdrawal.replace(withdrawal.made.version)
    monkeypatch.undo()

    now = withdrawal.store.read()
    assert now is not None
    after = withdrawal.replace(now.version)
    assert all(timed.has_ended(NOW) for timed in after.ring.signing[:-1])
    assert withdrawal.feed.kids >= withdrawal.old


def _then_rotate(withdrawal: Withdrawal) -> object:
    """Return a withdrawal during which another writer changes the ring."""
    withdraw = withdrawal.feed.withdraw_keys

    def act(*kids: object, **named: object) -> None:
        withdraw(*kids, **named)  # type: ignore[arg-type]  # passed through
        withdrawal.keys(None).replace_all(withdrawal.made.version, at_once=False, end_sessions=True)

    return act

"""The plan of the key ring at its edges: keys that have ended, and keys that begin to sign at this very second."""

from dataclasses import replace

import pytest

from edge_auth.keys.maker import KeyMaker
from edge_auth.keys.ring import KeyRing
from edge_auth.keys.rotation import earliest_end, first_ring, replace_all, with_mac_keys_of
from edge_auth.keys.timing import ACCESS_TOKEN_SECONDS, REPLACE_SECONDS
from tests.support.access_tokens import NOW
from tests.support.rings import DAY
from tests.unit.keys.conftest import POLICY


def test_no_key_without_a_planned_end_ends_before_a_key_of_today_can() -> None:
    """It signs for a whole period, and then everything that it signed has to expire."""
    assert earliest_end(NOW, POLICY) == NOW + 30 * DAY + ACCESS_TOKEN_SECONDS


@pytest.mark.parametrize(("signs_in", "is_kept"), [(REPLACE_SECONDS, True), (REPLACE_SECONDS + 1, False)])
def test_a_replacement_keeps_a_next_key_that_a_reader_may_use_until_then(
    ring: KeyRing, make: KeyMaker, signs_in: int, *, is_kept: bool
) -> None:
    """It may sign in the last second before the new key does. One that would sign later never does."""
    current, upcoming = ring.signing
    upcoming = replace(upcoming, signs_from_seconds=NOW + signs_in)

    after = replace_all(replace(ring, signing=(current, upcoming)), now_seconds=NOW, policy=POLICY, make=make)
    assert (upcoming.key in [timed.key for timed in after.signing]) is is_kept
    assert len(after.signing) == (3 if is_kept else 2)


def test_a_replacement_drops_a_key_that_has_ended(ring: KeyRing, make: KeyMaker) -> None:
    """K3: a key that was removed never comes back, and its end is not moved."""
    current, upcoming = ring.signing
    ended = replace(current, ends_at_seconds=NOW)

    after = replace_all(replace(ring, signing=(ended, upcoming)), now_seconds=NOW, policy=POLICY, make=make)
    assert current.key not in [timed.key for timed in after.signing]


@pytest.mark.parametrize(("signs_in", "is_taken"), [(0, True), (1, False)])
def test_the_mac_keys_of_another_ring_count_from_their_first_second(
    ring: KeyRing, make: KeyMaker, signs_in: int, *, is_taken: bool
) -> None:
    """Of a key that has not signed yet, there is nothing to accept."""
    other = first_ring(now_seconds=NOW, policy=POLICY, make=make)
    [first, *_] = other.mac
    other = replace(other, mac=(replace(first, signs_from_seconds=NOW + signs_in),))

    both = with_mac_keys_of(ring, other, now_seconds=NOW)
    assert (first.key in [timed.key for timed in both.mac]) is is_taken
    assert both.mac[-len(ring.mac) :] == ring.mac


@pytest.mark.parametrize(("ends_in", "is_taken"), [(0, False), (1, True)])
def test_the_mac_keys_of_another_ring_count_until_their_last_second(
    ring: KeyRing, make: KeyMaker, ends_in: int, *, is_taken: bool
) -> None:
    """What a key that has ended has signed is worth nothing in its own stack either."""
    other = first_ring(now_seconds=NOW, policy=POLICY, make=make)
    ended = replace(other.mac[0], signs_from_seconds=NOW - 9, ends_at_seconds=NOW + ends_in)

    both = with_mac_keys_of(ring, replace(other, mac=(ended,)), now_seconds=NOW)
    assert (ended.key in [timed.key for timed in both.mac]) is is_taken

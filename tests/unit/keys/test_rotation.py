"""The plan of the key ring: when each key is published, signs and ends (K3, F15, F16).

These examples are the specification. `test_rotation_properties` searches for a history that breaks it.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from edge_auth.keys.mac_key import MAC_KEY_BYTES, MAC_KEY_ID_BYTES
from edge_auth.keys.maker import KeyMaker, key_maker
from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.rotation import (
    AT_ONCE,
    RotationPolicy,
    advance,
    first_ring,
    replace_all,
    rotate,
    with_mac_keys_of,
)
from edge_auth.keys.timing import (
    EXPIRY_LEEWAY_SECONDS,
    JWKS_MAX_AGE_SECONDS,
    MAX_LIFETIME_SECONDS,
    MAX_RING_AGE_SECONDS,
    MIN_PUBLISH_SECONDS,
    REPLACE_SECONDS,
    RING_AGE_SECONDS,
    UNKNOWN_KEY_FETCH_SECONDS,
)
from tests.support.access_tokens import ALGORITHMS, NOW, raw_signature
from tests.support.rings import DAY
from tests.unit.keys.conftest import POLICY

HOUR = 3600
AUTHORIZER_CACHE_SECONDS = 60
CLOCK_SECONDS = 30
ACCESS_SECONDS = MAX_LIFETIME_SECONDS + EXPIRY_LEEWAY_SECONDS + AUTHORIZER_CACHE_SECONDS + CLOCK_SECONDS
REFRESH_SECONDS = 14 * DAY + MAX_RING_AGE_SECONDS + CLOCK_SECONDS


def advanced(ring: KeyRing, now_seconds: int, make: KeyMaker, policy: RotationPolicy = POLICY) -> KeyRing:
    """Advance the ring, and check that a second call changes nothing."""
    after = advance(ring, now_seconds=now_seconds, policy=policy, make=make)
    assert advance(after, now_seconds=now_seconds, policy=policy, make=make) == after
    return after


def times(keys: Sequence[TimedKey[Any]]) -> list[tuple[int, int, int | None]]:
    """Return for each key when it is published, signs and ends, relative to now."""
    return [
        (
            timed.published_at_seconds - NOW,
            timed.signs_from_seconds - NOW,
            None if timed.ends_at_seconds is None else timed.ends_at_seconds - NOW,
        )
        for timed in keys
    ]


def final_keys(ring: KeyRing) -> list[TimedKey[Any]]:
    """Return the keys that an emergency replacement ended."""
    keys: list[TimedKey[Any]] = [*ring.signing, *ring.mac]
    return [timed for timed in keys if timed.is_final]


# --- the beginning ---


def test_a_new_deployment_has_a_key_that_signs_and_the_next_one(ring: KeyRing) -> None:
    """This holds for both kinds, so the next key is published for the whole period before it signs."""
    assert times(ring.signing) == [(0, 0, 30 * DAY + ACCESS_SECONDS), (0, 30 * DAY, None)]
    assert times(ring.mac) == [(0, 0, 30 * DAY + REFRESH_SECONDS), (0, 30 * DAY, None)]
    assert {timed.key.alg for timed in ring.signing} == {"ES256"}
    assert len({timed.key.kid for timed in ring.signing}) == len({timed.key.key_id for timed in ring.mac}) == 2


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_keys_are_of_the_algorithm_that_the_policy_names(alg: str) -> None:
    """The real maker's keys have this algorithm, and they can sign."""
    drawn = iter(range(1, 100))
    make = key_maker(lambda size: next(drawn).to_bytes(size))
    ring = first_ring(now_seconds=NOW, policy=replace(POLICY, alg=alg), make=make)
    assert [timed.key.alg for timed in ring.signing] == [alg, alg]
    raw_signature(ring.at(NOW).signing.private_key, b"text")
    assert {(len(timed.key.key_id), len(timed.key.secret)) for timed in ring.mac} == {(MAC_KEY_ID_BYTES, MAC_KEY_BYTES)}


def test_another_algorithm_is_refused() -> None:
    """There are three algorithms (T3)."""
    with pytest.raises(ValueError, match="unsupported"):
        first_ring(now_seconds=NOW, policy=replace(POLICY, alg="HS256"), make=key_maker(bytes))


def test_a_policy_under_which_keys_would_sign_unknown_is_refused() -> None:
    """A key is published for longer than any copy of the ring is used. All other promises depend on this (K3)."""
    assert MIN_PUBLISH_SECONDS > MAX_RING_AGE_SECONDS + CLOCK_SECONDS
    assert replace(POLICY, publish_seconds=MIN_PUBLISH_SECONDS).signing.publish_seconds == MIN_PUBLISH_SECONDS
    with pytest.raises(ValueError, match="published"):
        replace(POLICY, publish_seconds=MIN_PUBLISH_SECONDS - 1)


# --- scheduled rotation ---


def test_as_long_as_nothing_is_due_the_ring_stays_the_same(ring: KeyRing, make: KeyMaker) -> None:
    """The writer writes nothing, even if it is called often."""
    for now_seconds in (NOW, NOW + 1, NOW + DAY, NOW + 30 * DAY - 1):
        assert advanced(ring, now_seconds, make) == ring


def test_the_clock_promotes_the_next_key_and_no_writer_needs_to(ring: KeyRing) -> None:
    """A writer that is down for months delays only the key after the next."""
    first, second = (timed.key for timed in ring.signing)
    assert ring.at(NOW + 30 * DAY - 1).signing == first
    assert ring.at(NOW + 30 * DAY).signing == second
    assert ring.at(NOW + 300 * DAY).signing == second


def test_once_the_next_key_signs_another_next_is_planned(ring: KeyRing, make: KeyMaker) -> None:
    """The planned key is published now and signs one period later."""
    late = 30 * DAY + 10
    after = advanced(ring, NOW + late, make)
    assert times(after.signing) == [
        (0, 0, 30 * DAY + ACCESS_SECONDS),
        (0, 30 * DAY, 60 * DAY + ACCESS_SECONDS),
        (late, 60 * DAY, None),
    ]


def test_after_a_writer_was_down_the_next_key_is_still_published_in_time(ring: KeyRing, make: KeyMaker) -> None:
    """The next key is overdue, but it still signs only after the lead (K3)."""
    after = advanced(ring, NOW + 100 * DAY, make)
    assert times(after.signing)[-1] == (100 * DAY, 101 * DAY, None)
    assert times(after.signing)[-2] == (0, 30 * DAY, 101 * DAY + ACCESS_SECONDS)


def test_a_key_ends_when_the_last_token_under_it_has_expired(ring: KeyRing) -> None:
    """The longest lifetime, the leeway, an authorizer's cached answer and clock differences are added (K3)."""
    old = ring.signing[0].key
    last_token_dies = NOW + 30 * DAY + ACCESS_SECONDS
    assert old in [timed.key for timed in ring.at(last_token_dies - 1).verifying]
    assert old not in [timed.key for timed in ring.at(last_token_dies).verifying]


def test_a_key_that_ended_is_dropped(ring: KeyRing, make: KeyMaker) -> None:
    """The secret does not hold its private half any more, and the key never comes back."""
    old = ring.signing[0].key
    ring = advanced(ring, NOW + 30 * DAY, make)
    end = NOW + 30 * DAY + ACCESS_SECONDS
    assert advanced(ring, end - 1, make).signing[0].key == old
    assert old not in [timed.key for timed in advanced(ring, end, make).signing]


def test_ten_years_of_schedules_keep_the_ring_small(ring: KeyRing, make: KeyMaker) -> None:
    """Each kind has at most the key before, the signing key and the next key, and a key signs for one period."""
    signed_with, mac_keys = [], []
    for hour in range(0, 10 * 365 * 24, 7):
        now_seconds = NOW + hour * HOUR
        ring = advance(ring, now_seconds=now_seconds, policy=POLICY, make=make)
        assert len(ring.signing) <= 3
        assert len(ring.mac) <= 3
        signed_with.append(ring.at(now_seconds).signing.kid)
        mac_keys.append(ring.at(now_seconds).mac.key_id)
    assert len(set(signed_with)) == len(set(mac_keys)) == 10 * 365 // 30 + 1


@pytest.mark.parametrize("token_days", [14, 29, 30, 31, 90])
@pytest.mark.parametrize("period_days", [1, 7, 30])
def test_there_are_at_most_three_mac_keys(token_days: int, period_days: int, make: KeyMaker) -> None:
    """MAC keys change only after the key before has ended, even if signing keys rotate faster (F16)."""
    policy = replace(POLICY, period_seconds=period_days * DAY, mac_token_seconds=token_days * DAY)
    ring = first_ring(now_seconds=NOW, policy=policy, make=make)
    changes = set()
    for hour in range(400 * 24):
        ring = advance(ring, now_seconds=NOW + hour * HOUR, policy=policy, make=make)
        assert len(ring.mac) <= 3
        changes.add(ring.at(NOW + hour * HOUR).mac.key_id)
    assert len(changes) >= 400 // (max(token_days, period_days) + 1)


@pytest.mark.parametrize("period_days", [1, 7, 30, 90])
def test_mac_keys_begin_to_sign_at_least_the_life_of_a_token_apart(period_days: int, make: KeyMaker) -> None:
    """However fast signing keys rotate. The life is the longest of the timeouts (F16)."""
    policy = replace(POLICY, period_seconds=period_days * DAY, mac_token_seconds=30 * DAY)
    ring, begins = first_ring(now_seconds=NOW, policy=policy, make=make), set[int]()
    for day in range(400):
        ring = advance(ring, now_seconds=NOW + day * DAY, policy=policy, make=make)
        begins |= {timed.signs_from_seconds for timed in ring.mac}

    apart = [later - begin for begin, later in pairwise(sorted(begins))]
    assert min(apart) >= max(30, period_days) * DAY


# --- another policy ---


def test_a_shorter_period_brings_the_next_key_forward(ring: KeyRing, make: KeyMaker) -> None:
    """The next key is already public. The announced end of the key before does not change."""
    after = advanced(ring, NOW + 10 * DAY, make, replace(POLICY, period_seconds=20 * DAY))
    assert times(after.signing) == [(0, 0, 30 * DAY + ACCESS_SECONDS), (0, 20 * DAY, None)]


def test_a_period_that_is_over_already_lets_the_next_key_sign_now(ring: KeyRing, make: KeyMaker) -> None:
    """Another next key is planned at the same time."""
    after = advanced(ring, NOW + 10 * DAY, make, replace(POLICY, period_seconds=5 * DAY))
    assert times(after.signing) == [
        (0, 0, 30 * DAY + ACCESS_SECONDS),
        (0, 10 * DAY, 15 * DAY + ACCESS_SECONDS),
        (10 * DAY, 15 * DAY, None),
    ]
    assert after.at(NOW + 10 * DAY).signing == ring.signing[1].key


def test_a_shorter_period_lets_no_key_sign_that_is_not_public_for_long_enough(ring: KeyRing, make: KeyMaker) -> None:
    """With a period of zero the next key is still published for the lead before it signs (K3)."""
    after = advanced(ring, NOW + HOUR, make, replace(POLICY, period_seconds=0))
    assert times(after.signing)[1] == (0, DAY, None)


def test_a_longer_period_is_for_the_key_after_the_next(ring: KeyRing, make: KeyMaker) -> None:
    """An announced plan is never delayed, because a reader may not learn of the change in time."""
    policy = replace(POLICY, period_seconds=90 * DAY)
    assert advanced(ring, NOW + 10 * DAY, make, policy).signing == ring.signing
    after = advanced(ring, NOW + 30 * DAY, make, policy)
    assert times(after.signing)[-1] == (30 * DAY, 120 * DAY, None)


def test_a_longer_lead_is_for_the_key_after_the_next(ring: KeyRing, make: KeyMaker) -> None:
    """The longer lead delays a key that would otherwise be due earlier."""
    policy = replace(POLICY, period_seconds=DAY, publish_seconds=7 * DAY)
    after = advanced(ring, NOW + 30 * DAY, make, policy)
    assert times(after.signing)[-1] == (30 * DAY, 37 * DAY, None)


def test_a_longer_timeout_keeps_mac_keys_for_longer(ring: KeyRing, make: KeyMaker) -> None:
    """This includes keys from before the change, because they may sign tokens with the longer timeout (F16)."""
    ring = advanced(ring, NOW + 31 * DAY, make)
    after = advanced(ring, NOW + 40 * DAY, make, replace(POLICY, mac_token_seconds=90 * DAY))
    assert [end for _, _, end in times(ring.mac)] == [30 * DAY + REFRESH_SECONDS, 60 * DAY + REFRESH_SECONDS, None]
    longer = REFRESH_SECONDS + 76 * DAY
    assert [end for _, _, end in times(after.mac)] == [30 * DAY + longer, 60 * DAY + longer, None]


def test_a_shorter_timeout_ends_no_mac_key_earlier(ring: KeyRing, make: KeyMaker) -> None:
    """Existing tokens keep their lifetime (F16)."""
    assert advanced(ring, NOW + 10 * DAY, make, replace(POLICY, mac_token_seconds=DAY)).mac == ring.mac


@pytest.mark.parametrize("changed_at_days", [0, 10, 29, 31, 43, 45, 59])
def test_a_ring_of_a_shorter_timeout_goes_on(changed_at_days: int, ring: KeyRing, make: KeyMaker) -> None:
    """F16: no MAC key goes early. One more is kept for a short while, because its successor was planned already."""
    longer, counts, signed = replace(POLICY, mac_token_seconds=30 * DAY), [], dict[bytes, int]()
    for hour in range(200 * 24):
        now_seconds = NOW + hour * HOUR
        policy = POLICY if hour < changed_at_days * 24 else longer
        ring = advance(ring, now_seconds=now_seconds, policy=policy, make=make)
        keys = ring.at(now_seconds)
        counts.append(len(ring.mac))
        signed[keys.mac.key_id] = now_seconds + policy.mac_token_seconds
        assert {key_id for key_id, good_until in signed.items() if now_seconds < good_until} <= keys.mac_keys.keys()
    assert max(counts) <= 4
    assert sum(count == 4 for count in counts) * HOUR <= 2 * HOUR


# --- another algorithm ---


def test_another_algorithm_takes_a_next_key_that_is_far_away_back(ring: KeyRing, make: KeyMaker) -> None:
    """The new key signs after the lead, without waiting for the period. The key before ends no earlier (F15)."""
    after = advanced(ring, NOW + 10 * DAY, make, replace(POLICY, alg="EdDSA"))
    assert [timed.key.alg for timed in after.signing] == ["ES256", "EdDSA"]
    assert times(after.signing) == [(0, 0, 30 * DAY + ACCESS_SECONDS), (10 * DAY, 11 * DAY, None)]
    assert after.mac == ring.mac


@pytest.mark.parametrize("before", [0, 1, MAX_RING_AGE_SECONDS, MIN_PUBLISH_SECONDS])
def test_another_algorithm_leaves_a_next_key_that_is_near(before: int, ring: KeyRing, make: KeyMaker) -> None:
    """Some readers will sign with the near key in any case, so the key of the other algorithm follows it (F15)."""
    now = 30 * DAY - before
    after = advanced(ring, NOW + now, make, replace(POLICY, alg="EdDSA"))
    assert times(after.signing) == [
        (0, 0, 30 * DAY + ACCESS_SECONDS),
        (0, 30 * DAY, now + DAY + ACCESS_SECONDS),
        (now, now + DAY, None),
    ]


def test_a_key_is_taken_back_only_when_no_copy_of_the_ring_can_sign_with_it(ring: KeyRing, make: KeyMaker) -> None:
    """A reader may take a copy just before the write, and the write happens some time after the clock is read."""
    seconds_to_write_and_of_clocks = 600
    now = 30 * DAY - MIN_PUBLISH_SECONDS - 1
    after = advanced(ring, NOW + now, make, replace(POLICY, alg="EdDSA"))
    taken_back = ring.signing[1]
    assert taken_back not in after.signing
    last_copy_dies = NOW + now + seconds_to_write_and_of_clocks + MAX_RING_AGE_SECONDS
    assert ring.at(last_copy_dies).signing == ring.signing[0].key


def test_back_to_the_first_algorithm_takes_the_other_ones_key_back(ring: KeyRing, make: KeyMaker) -> None:
    """That key has never signed. The new next key is another one, because the first next key is gone."""
    there = advanced(ring, NOW + HOUR, make, replace(POLICY, alg="EdDSA"))
    back = advanced(there, NOW + 2 * HOUR, make)
    assert [timed.key.alg for timed in back.signing] == ["ES256", "ES256"]
    assert times(back.signing) == [(0, 0, 30 * DAY + ACCESS_SECONDS), (2 * HOUR, DAY + 2 * HOUR, None)]
    assert back.signing[1].key != ring.signing[1].key


def test_back_and_forth_near_a_change_keeps_every_key_that_may_sign(ring: KeyRing, make: KeyMaker) -> None:
    """Each key is accepted as long as the tokens that it signed (F15)."""
    there = advanced(ring, NOW + 30 * DAY - HOUR, make, replace(POLICY, alg="EdDSA"))
    near = 31 * DAY - HOUR - 10
    back = advanced(there, NOW + near, make)
    assert [timed.key.alg for timed in back.signing] == ["ES256", "EdDSA", "ES256"]
    assert [start for _, start, _ in times(back.signing)] == [30 * DAY, 31 * DAY - HOUR, near + DAY]
    assert times(back.signing)[1][2] == near + DAY + ACCESS_SECONDS


# --- an operator rotates ---


def test_rotate_lets_the_next_keys_sign_now(ring: KeyRing, make: KeyMaker) -> None:
    """The next keys have been public for long enough. New next keys are planned at once, one period later."""
    now = 10 * DAY
    after = rotate(ring, now_seconds=NOW + now, policy=POLICY, make=make)
    assert times(after.signing) == [
        (0, 0, 30 * DAY + ACCESS_SECONDS),
        (0, now, now + 30 * DAY + ACCESS_SECONDS),
        (now, now + 30 * DAY, None),
    ]
    assert times(after.mac)[1] == (0, now, now + 30 * DAY + REFRESH_SECONDS)
    assert after.at(NOW + now).signing == ring.signing[1].key
    assert advanced(after, NOW + now, make) == after


def test_rotate_waits_until_the_next_keys_are_public_for_long_enough(ring: KeyRing, make: KeyMaker) -> None:
    """An early rotation must not make readers refuse tokens (K3)."""
    after = rotate(ring, now_seconds=NOW + HOUR, policy=POLICY, make=make)
    assert times(after.signing)[1] == (0, DAY, None)
    assert times(after.mac)[1] == (0, DAY, None)


def test_a_reader_that_does_not_know_of_it_yet_mints_refresh_tokens_that_stay_good(make: KeyMaker) -> None:
    """This holds even if a timeout becomes much longer at that time (F16)."""
    policy = replace(POLICY, publish_seconds=MIN_PUBLISH_SECONDS, mac_token_seconds=DAY)
    longer = replace(policy, mac_token_seconds=90 * DAY)
    before = first_ring(now_seconds=NOW, policy=policy, make=make)
    ring = rotate(before, now_seconds=NOW + DAY, policy=policy, make=make)
    last_minted = NOW + DAY + MAX_RING_AGE_SECONDS  # by a reader with a copy from before the rotation
    old = before.at(last_minted).mac
    ring = advanced(ring, NOW + DAY + HOUR, make, longer)
    assert old.key_id in ring.at(last_minted + 90 * DAY).mac_keys


def test_rotate_twice_is_no_faster(ring: KeyRing, make: KeyMaker) -> None:
    """On the second call, the keys that were just planned wait for their lead."""
    once = rotate(ring, now_seconds=NOW + 10 * DAY, policy=POLICY, make=make)
    twice = rotate(once, now_seconds=NOW + 10 * DAY, policy=POLICY, make=make)
    assert times(twice.signing)[-1] == (10 * DAY, 11 * DAY, None)
    assert twice.at(NOW + 10 * DAY).signing == once.at(NOW + 10 * DAY).signing


# --- an emergency ---


def test_replace_all_ends_every_signing_key_when_the_new_one_begins(ring: KeyRing, make: KeyMaker) -> None:
    """The next key may have leaked with the others, so it never signs. Refresh tokens stay valid."""
    ring = advanced(ring, NOW + 30 * DAY, make)
    now = 30 * DAY + 60
    after = replace_all(ring, now_seconds=NOW + now, policy=POLICY, make=make)
    at = now + REPLACE_SECONDS
    assert times(after.signing) == [(0, 0, at), (0, 30 * DAY, at), (now, at, None)]
    assert [timed.is_final for timed in after.signing] == [True, True, False]
    assert after.mac == ring.mac
    assert after.at(NOW + at - 1).signing == ring.signing[1].key
    assert [timed.key for timed in after.at(NOW + at).verifying] == [after.signing[-1].key]


def test_the_delay_lets_every_reader_learn_the_new_key() -> None:
    """Copies of the ring, HTTP caches and the authorizers' minute between fetches fit, with a minute to spare (K3)."""
    assert REPLACE_SECONDS - (RING_AGE_SECONDS + JWKS_MAX_AGE_SECONDS + UNKNOWN_KEY_FETCH_SECONDS) >= 60


def test_replace_all_at_once_waits_for_no_reader(ring: KeyRing, make: KeyMaker) -> None:
    """From this second only the new key is accepted."""
    now_seconds = NOW + 10 * DAY
    after = replace_all(ring, now_seconds=now_seconds, policy=POLICY, make=make, after_seconds=AT_ONCE)
    assert [timed.key for timed in after.at(now_seconds).verifying] == [after.signing[-1].key]
    assert after.signing[-1].key not in [timed.key for timed in ring.signing]


@pytest.mark.parametrize("after_seconds", [AT_ONCE, REPLACE_SECONDS])
def test_replace_all_with_the_sessions_ends_every_mac_key(after_seconds: int, ring: KeyRing, make: KeyMaker) -> None:
    """All users log in again."""
    now_seconds = NOW + 10 * DAY
    after = replace_all(
        ring, now_seconds=now_seconds, policy=POLICY, make=make, after_seconds=after_seconds, end_sessions=True
    )
    at_seconds = now_seconds + after_seconds
    new = after.mac[-1].key
    assert after.at(at_seconds).mac_keys == {new.key_id: new}
    assert new not in [timed.key for timed in ring.mac]
    last = after.at(at_seconds - 1)
    assert last.mac == ring.mac[0].key


def test_replace_all_keeps_an_end_that_comes_sooner(ring: KeyRing, make: KeyMaker) -> None:
    """An emergency never delays an end."""
    ring = advanced(ring, NOW + 30 * DAY, make)
    end = 30 * DAY + ACCESS_SECONDS
    after = replace_all(ring, now_seconds=NOW + end - 10, policy=POLICY, make=make)
    assert [ends for _, _, ends in times(after.signing)] == [end, end - 10 + REPLACE_SECONDS, None]


def test_replace_all_again_replaces_what_was_new(ring: KeyRing, make: KeyMaker) -> None:
    """The second leak ends the new keys, and the first keys end at their announced time."""
    once = replace_all(ring, now_seconds=NOW + DAY, policy=POLICY, make=make)
    twice = replace_all(once, now_seconds=NOW + DAY + 100, policy=POLICY, make=make)
    first_end, second_end = DAY + REPLACE_SECONDS, DAY + 100 + REPLACE_SECONDS
    assert times(twice.signing) == [
        (0, 0, first_end),
        (DAY, first_end, second_end),
        (DAY + 100, second_end, None),
    ]
    assert [timed.is_final for timed in twice.signing] == [True, True, False]


def test_replace_all_at_once_takes_back_what_has_not_begun(ring: KeyRing, make: KeyMaker) -> None:
    """After the second call there is one key."""
    once = replace_all(ring, now_seconds=NOW + DAY, policy=POLICY, make=make)
    twice = replace_all(once, now_seconds=NOW + DAY + 100, policy=POLICY, make=make, after_seconds=AT_ONCE)
    assert once.signing[-1] not in twice.signing
    assert len(twice.at(NOW + DAY + 100).verifying) == 1


def test_a_final_end_is_never_put_off(ring: KeyRing, make: KeyMaker) -> None:
    """Neither the schedule, nor another policy, nor an operator's rotation delays it (K3)."""
    after = replace_all(ring, now_seconds=NOW + DAY, policy=POLICY, make=make, end_sessions=True)
    ended = final_keys(after)
    assert len(ended) == 2
    other = replace(POLICY, alg="EdDSA", period_seconds=0, publish_seconds=7 * DAY, mac_token_seconds=365 * DAY)
    for act in (advance, rotate):
        again = act(after, now_seconds=NOW + DAY + 60, policy=other, make=make)
        assert final_keys(again) == ended


def test_after_an_emergency_rotation_goes_on(ring: KeyRing, make: KeyMaker) -> None:
    """The new key is the next key until it signs. Then another key is planned, and ended keys are dropped."""
    after = replace_all(ring, now_seconds=NOW + DAY, policy=POLICY, make=make)
    assert advanced(after, NOW + DAY + REPLACE_SECONDS - 1, make) == after
    begun = DAY + REPLACE_SECONDS
    later = advanced(after, NOW + begun, make)
    assert times(later.signing) == [
        (DAY, begun, begun + 30 * DAY + ACCESS_SECONDS),
        (begun, begun + 30 * DAY, None),
    ]


def test_an_operator_who_rotates_after_an_emergency_does_not_hurry_the_new_key(ring: KeyRing, make: KeyMaker) -> None:
    """Readers still need the time to learn the new key."""
    after = replace_all(ring, now_seconds=NOW + DAY, policy=POLICY, make=make)
    hurried = rotate(after, now_seconds=NOW + DAY + 10, policy=POLICY, make=make)
    assert times(hurried.signing)[-1] == times(after.signing)[-1]


# --- the ring of a deleted stack ---


def test_mac_keys_of_a_deleted_stack_verify_and_do_not_sign(ring: KeyRing, make: KeyMaker) -> None:
    """A key that has not signed yet, or has ended, stays behind. All signing keys stay behind."""
    old = first_ring(now_seconds=NOW - 40 * DAY, policy=POLICY, make=make)
    old = replace(old, mac=(replace(old.mac[0], ends_at_seconds=NOW), *old.mac[1:], *first_ring_of_later(make).mac))

    after = with_mac_keys_of(ring, old, now_seconds=NOW)

    keys = after.at(NOW)
    assert keys.mac == ring.at(NOW).mac
    assert set(keys.mac_keys) == {timed.key.key_id for timed in (old.mac[1], *ring.mac)}
    assert after.signing == ring.signing
    assert with_mac_keys_of(after, old, now_seconds=NOW) == after


def first_ring_of_later(make: KeyMaker) -> KeyRing:
    """Return a ring whose keys do not sign yet."""
    return first_ring(now_seconds=NOW + DAY, policy=POLICY, make=make)


def test_taken_over_keys_end_as_planned_and_are_dropped(ring: KeyRing, make: KeyMaker) -> None:
    """No end comes earlier than a refresh token may live, also if no successor was planned."""
    old = first_ring(now_seconds=NOW - DAY, policy=POLICY, make=make).mac[0]
    endless = replace(old, ends_at_seconds=None)
    for key, end in ((old, old.ends_at_seconds), (endless, NOW + MAX_RING_AGE_SECONDS + REFRESH_SECONDS)):
        assert end is not None
        after = advanced(with_mac_keys_of(ring, replace(ring, mac=(key,)), now_seconds=NOW), NOW, make)

        assert (after.mac[0].key, after.mac[0].ends_at_seconds) == (key.key, end)
        assert end >= NOW + REFRESH_SECONDS
        assert key.key not in {timed.key for timed in advanced(after, end, make).mac}

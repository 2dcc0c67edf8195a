"""Plans the key ring: when each key is published, when it signs, and when it ends. Pure: from a ring, a time, a policy.

It keeps three promises (K3; NIST SP 800-57 part 1 §5.3), at any time and after any number of calls:

- No key signs before every reader of the ring, and every cache of the public keys, has had the time to get it.
- No key ends while a reader may still sign with it, or while something that it signed has not expired.
- A key that was removed never comes back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from edge_auth.keys.maker import KeyMaker
from edge_auth.keys.ring import K, KeyRing, TimedKey, key_that_signs
from edge_auth.keys.timing import (
    ACCESS_TOKEN_SECONDS,
    CLOCK_SECONDS,
    MAX_RING_AGE_SECONDS,
    MIN_PUBLISH_SECONDS,
    REPLACE_SECONDS,
)

AT_ONCE = 0
NOW = 0  # as a period: the next key is due at once


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """How keys rotate. `alg` is the algorithm of new signing keys.

    A key signs for `period_seconds`, and is published `publish_seconds` before it signs. What a MAC key signs
    is accepted for `mac_token_seconds`: a refresh token or a proof is valid no longer than this, and a device token as
    long.

    Raises:
        ValueError: keys would sign before every reader knows them.

    """

    alg: str
    period_seconds: int
    publish_seconds: int
    mac_token_seconds: int

    def __post_init__(self) -> None:
        """Check that keys are published for long enough: all promises depend on that."""
        if self.publish_seconds < MIN_PUBLISH_SECONDS:
            raise ValueError(f"a key is published at least {MIN_PUBLISH_SECONDS} seconds before it signs")

    @property
    def signing(self) -> "KindPolicy":
        """The policy for signing keys."""
        return KindPolicy(self.period_seconds, self.publish_seconds, ACCESS_TOKEN_SECONDS)

    @property
    def mac(self) -> "KindPolicy":
        """The policy for MAC keys: by plan, a key signs at least until the key before it has ended.

        The retention has the age of a reader's copy in it. A reader with an old copy may not know that the next key was
        brought forward, and still writes tokens with the key before it. If a timeout was raised just then, these
        tokens are valid for longer than the planned end of that key allows for.
        """
        retention = self.mac_token_seconds + MAX_RING_AGE_SECONDS + CLOCK_SECONDS
        return KindPolicy(max(self.period_seconds, retention), self.publish_seconds, retention)


@dataclass(frozen=True, slots=True)
class KindPolicy:
    """How one kind of key rotates. What a key signed is accepted for up to `retention_seconds`."""

    period_seconds: int
    publish_seconds: int
    retention_seconds: int


def first_ring(*, now_seconds: int, policy: RotationPolicy, make: KeyMaker) -> KeyRing:
    """Return the ring of a new deployment: one key that signs and the next one, of each kind."""
    ring = KeyRing(
        signing=(TimedKey(make.signing_key(policy.alg), now_seconds, now_seconds),),
        mac=(TimedKey(make.mac_key(), now_seconds, now_seconds),),
    )
    return advance(ring, now_seconds=now_seconds, policy=policy, make=make)


def advance(ring: KeyRing, *, now_seconds: int, policy: RotationPolicy, make: KeyMaker) -> KeyRing:
    """Return the ring as it should be now: without ended keys, and with a next key. Often it is the same ring."""
    return KeyRing(
        signing=_advanced(
            ring.signing,
            now_seconds,
            policy.signing,
            make=lambda: make.signing_key(policy.alg),
            fits=lambda key: key.alg == policy.alg,
        ),
        mac=_advanced(ring.mac, now_seconds, policy.mac, make=make.mac_key, fits=lambda _key: True),
    )


def rotate(ring: KeyRing, *, now_seconds: int, policy: RotationPolicy, make: KeyMaker) -> KeyRing:
    """Return the ring with the next keys brought forward: they sign now, or once they were public for long enough."""
    advanced = advance(ring, now_seconds=now_seconds, policy=policy, make=make)
    forward = KeyRing(
        signing=tuple(_brought_forward(advanced.signing, now_seconds, policy.signing, NOW)),
        mac=tuple(_brought_forward(advanced.mac, now_seconds, policy.mac, NOW)),
    )
    return advance(forward, now_seconds=now_seconds, policy=policy, make=make)


def replace_all(
    ring: KeyRing,
    *,
    now_seconds: int,
    policy: RotationPolicy,
    make: KeyMaker,
    after_seconds: int = REPLACE_SECONDS,
    end_sessions: bool = False,
) -> KeyRing:
    """Return the ring after a leak: a new signing key takes the place of all others, which end.

    The new key signs `after_seconds` from now. At that moment the others end, and everything that they signed is
    refused. By default every reader has the new ring by then, so nothing that readers sign is refused; AT_ONCE does not
    wait for that. MAC keys are replaced in the same way only with `end_sessions`; otherwise refresh tokens stay valid.
    """
    at_seconds = now_seconds + after_seconds
    return KeyRing(
        signing=_replaced(ring.signing, now_seconds, at_seconds, make.signing_key(policy.alg)),
        mac=_replaced(ring.mac, now_seconds, at_seconds, make.mac_key()) if end_sessions else ring.mac,
    )


def with_mac_keys_of(ring: KeyRing, other: KeyRing, *, now_seconds: int) -> KeyRing:
    """Return the ring that also accepts what the MAC keys of another ring have signed. Often it is the same ring.

    They come before the ring's own keys, so none of them signs. The next `advance` plans the ends that they lack.
    """
    known = {timed.key.key_id for timed in ring.mac}
    more = [
        timed
        for timed in other.mac
        if timed.signs_from_seconds <= now_seconds
        and not timed.has_ended(now_seconds)
        and timed.key.key_id not in known
    ]
    return replace(ring, mac=(*more, *ring.mac)) if more else ring


def earliest_end(now_seconds: int, policy: RotationPolicy) -> int:
    """Return the earliest time at which a key without a planned end can end. Only an emergency is earlier."""
    return now_seconds + policy.signing.period_seconds + policy.signing.retention_seconds


def _advanced(
    keys: Sequence[TimedKey[K]],
    now_seconds: int,
    policy: KindPolicy,
    *,
    make: Callable[[], K],
    fits: Callable[[K], bool],
) -> tuple[TimedKey[K], ...]:
    kept = [timed for timed in keys if not timed.has_ended(now_seconds)]
    earliest = now_seconds + policy.publish_seconds
    if fits(kept[-1].key):
        kept = _brought_forward(kept, now_seconds, policy, policy.period_seconds)
    else:
        # A next key is removed only if every reader can know of that before the key would sign.
        kept = [timed for timed in kept if timed.signs_from_seconds <= now_seconds + MIN_PUBLISH_SECONDS]
        kept.append(TimedKey(make(), now_seconds, earliest))
    newest = kept[-1]
    if newest.signs_from_seconds <= now_seconds:
        due = newest.signs_from_seconds + policy.period_seconds
        kept.append(TimedKey(make(), now_seconds, max(earliest, due)))
    return _with_ends(kept, now_seconds, policy)


def _brought_forward(
    keys: Sequence[TimedKey[K]], now_seconds: int, policy: KindPolicy, period_seconds: int
) -> list[TimedKey[K]]:
    """Let the newest key sign earlier than planned, if it may. It never signs later: readers rely on the plan."""
    newest, current = keys[-1], key_that_signs(keys, now_seconds)
    public_long_enough = newest.published_at_seconds + policy.publish_seconds
    due = current.signs_from_seconds + period_seconds
    start = min(newest.signs_from_seconds, max(now_seconds, public_long_enough, due))
    return [*keys[:-1], replace(newest, signs_from_seconds=start)]


def _with_ends(keys: Sequence[TimedKey[K]], now_seconds: int, policy: KindPolicy) -> tuple[TimedKey[K], ...]:
    """Give every key but the newest its end: then no reader signs with it any more, and what it signed has expired.

    A reader with an older copy may not know yet that the key has a successor. A new end allows for that copy's age.
    """
    ended = []
    for index, timed in enumerate(keys[:-1]):
        stops = min(successor.signs_from_seconds for successor in keys[index + 1 :])
        end = timed.ends_at_seconds or now_seconds + MAX_RING_AGE_SECONDS + policy.retention_seconds
        if not timed.is_final:
            end = max(end, stops + policy.retention_seconds)
        ended.append(replace(timed, ends_at_seconds=end))
    return (*ended, keys[-1])


def _replaced(keys: Sequence[TimedKey[K]], now_seconds: int, at_seconds: int, new: K) -> tuple[TimedKey[K], ...]:
    old = [timed for timed in keys if not timed.has_ended(now_seconds) and timed.signs_from_seconds <= at_seconds]
    ended = [
        replace(timed, ends_at_seconds=min(timed.ends_at_seconds or at_seconds, at_seconds), is_final=True)
        for timed in old
    ]
    return (*ended, TimedKey(new, now_seconds, at_seconds))

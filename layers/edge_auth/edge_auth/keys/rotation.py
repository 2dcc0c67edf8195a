"""Plans the key ring: when each key is published, signs and ends. Pure: of a ring, the time and a policy.

Three promises (K3; NIST SP 800-57 part 1 §5.3), whenever and however often it is called:

- No key signs before every reader of the ring, and every cache of the public keys, has had the time to learn of it.
- No key ends while a reader may still sign with it, or what it signed has not expired.
- A key that is gone never comes back.
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
NOW = 0  # a period after which every key is due


@dataclass(frozen=True, slots=True)
class RotationPolicy:
    """How keys rotate. `alg` is what new signing keys are for.

    A key signs for `period_seconds`, and is published `publish_seconds` before. A refresh token is good for
    `refresh_idle_seconds` at most.

    Raises:
        ValueError: keys would sign before everyone knows them.

    """

    alg: str
    period_seconds: int
    publish_seconds: int
    refresh_idle_seconds: int

    def __post_init__(self) -> None:
        """Check the one rule that all promises rest on."""
        if self.publish_seconds < MIN_PUBLISH_SECONDS:
            raise ValueError(f"a key is published at least {MIN_PUBLISH_SECONDS} seconds before it signs")

    @property
    def signing(self) -> "KindPolicy":
        """What it means for signing keys."""
        return KindPolicy(self.period_seconds, self.publish_seconds, ACCESS_TOKEN_SECONDS)

    @property
    def mac(self) -> "KindPolicy":
        """What it means for MAC keys: they change only when the one before has ended.

        A key that was brought forward may be unknown to a reader for as long as its copy is good, and that reader's
        tokens are good for longer than was planned where the idle timeout was lengthened just then.
        """
        retention = self.refresh_idle_seconds + MAX_RING_AGE_SECONDS + CLOCK_SECONDS
        return KindPolicy(max(self.period_seconds, retention), self.publish_seconds, retention)


@dataclass(frozen=True, slots=True)
class KindPolicy:
    """How one kind of key rotates. What a key signed is good for up to `retention_seconds`."""

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
    """Return the ring as it should be now: without what has ended, and with a next key. Often that is the same ring."""
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
    """Return the ring with the next keys brought forward: to now, or to when they have been public for long enough."""
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
    """Return the ring with new keys in the place of all others, for when one has leaked.

    The others end, and what they signed with them, when the new ones begin: `after_seconds` from now. By default
    every reader has the new ring by then, so nothing that they sign is refused; AT_ONCE does not wait for that.
    Refresh tokens stay good unless `end_sessions`.
    """
    at_seconds = now_seconds + after_seconds
    return KeyRing(
        signing=_replaced(ring.signing, now_seconds, at_seconds, make.signing_key(policy.alg)),
        mac=_replaced(ring.mac, now_seconds, at_seconds, make.mac_key()) if end_sessions else ring.mac,
    )


def earliest_end(now_seconds: int, policy: RotationPolicy) -> int:
    """Return before when no key will end that has no end yet, whatever operators do; but for an emergency."""
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
        # A next key can be taken back as long as every reader will have heard of that before it would sign.
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
    """Let the newest key sign earlier than planned, where it may. Never later: others rely on the plan."""
    newest, current = keys[-1], key_that_signs(keys, now_seconds)
    public_long_enough = newest.published_at_seconds + policy.publish_seconds
    due = current.signs_from_seconds + period_seconds
    start = min(newest.signs_from_seconds, max(now_seconds, public_long_enough, due))
    return [*keys[:-1], replace(newest, signs_from_seconds=start)]


def _with_ends(keys: Sequence[TimedKey[K]], now_seconds: int, policy: KindPolicy) -> tuple[TimedKey[K], ...]:
    """Give every key but the newest its end: when nobody can sign with it any more, and what it signed has expired.

    A reader whose copy is from before now does not know yet that the key has a successor.
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

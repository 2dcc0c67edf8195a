"""The key ring: every key of a deployment, and the times at which each is published, signs and ends.

Readers decide by the clock which key signs. So all of them change to the next key at the same moment, even if some have
an older copy of the ring. Only `keys.rotation` plans the times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.signing_key import SigningKey

K = TypeVar("K")


@dataclass(frozen=True)
class TimedKey(Generic[K]):
    """A key and its times, in seconds since 1970.

    The key is in the ring since `published_at_seconds`, and the public half of a signing key is published since then.
    It signs from `signs_from_seconds`, until a key behind it in the ring signs. From `ends_at_seconds` on, nothing that
    it signed is accepted; None means that no successor is planned. `is_final` marks an end that was set in an
    emergency: it never becomes later.
    """

    key: K
    published_at_seconds: int
    signs_from_seconds: int
    ends_at_seconds: int | None = None
    is_final: bool = False

    def has_ended(self, now_seconds: int) -> bool:
        """Whether nothing that this key signed is accepted any more."""
        return self.ends_at_seconds is not None and now_seconds >= self.ends_at_seconds


@dataclass(frozen=True)
class KeyRing:
    """All keys of a deployment: the signing keys of access tokens, and the MAC keys of all other tokens.

    At least one key of each kind has not ended. Both kinds are in the order in which the keys were made.
    """

    signing: tuple[TimedKey[SigningKey], ...]
    mac: tuple[TimedKey[MacKey], ...]

    def at(self, now_seconds: int) -> "KeysInForce":
        """Return the keys that are in force at this moment."""
        signing = key_that_signs(self.signing, now_seconds)
        others = [
            timed for timed in reversed(self.signing) if timed is not signing and not timed.has_ended(now_seconds)
        ]
        mac_keys = [timed.key for timed in self.mac if not timed.has_ended(now_seconds)]
        return KeysInForce(
            verifying=(signing, *others),
            mac=key_that_signs(self.mac, now_seconds).key,
            mac_keys={key.key_id: key for key in mac_keys},
        )


@dataclass(frozen=True)
class KeysInForce:
    """The keys of a ring that are in force at one moment.

    `verifying` has every key whose access tokens are accepted. The first of them signs. `mac` is the key that signs new
    tokens of all other kinds. `mac_keys` has every key whose tokens of these kinds are accepted, by its id.
    """

    verifying: tuple[TimedKey[SigningKey], ...]
    mac: MacKey
    mac_keys: Mapping[bytes, MacKey]

    @property
    def signing(self) -> SigningKey:
        """The key that signs."""
        return self.verifying[0].key

    def jwks(self) -> dict[str, list[dict[str, str | int]]]:
        """Return the JWK Set to publish (RFC 7517 §5).

        `exp` is the time when a key ends, in seconds since 1970, as in OpenID Federation 1.0. A key without a planned
        end has none.
        """
        return {"keys": [_public_jwk(timed) for timed in self.verifying]}


def key_that_signs(keys: Sequence[TimedKey[K]], now_seconds: int) -> TimedKey[K]:
    """Return the key that signs at this moment: the newest one that may sign already.

    If this clock is behind the clock of the ring's writer, perhaps no key may sign yet. Then the oldest one signs.
    """
    living = [timed for timed in keys if not timed.has_ended(now_seconds)]
    begun = [timed for timed in living if timed.signs_from_seconds <= now_seconds]
    return begun[-1] if begun else living[0]


def _public_jwk(timed: TimedKey[SigningKey]) -> dict[str, str | int]:
    end: dict[str, str | int] = {} if timed.ends_at_seconds is None else {"exp": timed.ends_at_seconds}
    return {**timed.key.public_jwk(), **end}

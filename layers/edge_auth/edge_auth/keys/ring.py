"""The key ring: every key of a deployment, and the times at which each is published, signs and ends.

Readers decide by the clock which key signs, so they all change over at the same moment, however old their copy is.
`key_rotation` plans the times; nothing else does.
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

    It is in the ring, and what is public of it is published, since `published_at_seconds`. It signs from
    `signs_from_seconds` until a key behind it in the ring does. Nothing under it is accepted from `ends_at_seconds`
    on; None while no successor is planned. An end that `is_final` was set in an emergency and is never put off.
    """

    key: K
    published_at_seconds: int
    signs_from_seconds: int
    ends_at_seconds: int | None = None
    is_final: bool = False

    def has_ended(self, now_seconds: int) -> bool:
        """Whether nothing under this key is accepted any more."""
        return self.ends_at_seconds is not None and now_seconds >= self.ends_at_seconds


@dataclass(frozen=True)
class KeyRing:
    """All keys of a deployment: those that sign access tokens, and those of the refresh tokens' MAC.

    Of each kind there is at least one that has not ended. Both are in the order in which the keys were made.
    """

    signing: tuple[TimedKey[SigningKey], ...]
    mac: tuple[TimedKey[MacKey], ...]

    def at(self, now_seconds: int) -> "KeysInForce":
        """Return the keys of this moment."""
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
    """What a ring says at one moment.

    `verifying` are all signing keys under which tokens are accepted, the one that signs first. `mac` writes refresh
    tokens, those under any of `mac_keys` are accepted; these go by their id.
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

        `exp` is when a key ends, in seconds, as in OpenID Federation 1.0; it is there where that is known.
        """
        return {"keys": [_public_jwk(timed) for timed in self.verifying]}


def key_that_signs(keys: Sequence[TimedKey[K]], now_seconds: int) -> TimedKey[K]:
    """Return the key that signs at this moment: the newest one whose time has come.

    Where the clock lags behind the one that made the ring, none's has, and the oldest signs.
    """
    living = [timed for timed in keys if not timed.has_ended(now_seconds)]
    begun = [timed for timed in living if timed.signs_from_seconds <= now_seconds]
    return begun[-1] if begun else living[0]


def _public_jwk(timed: TimedKey[SigningKey]) -> dict[str, str | int]:
    end: dict[str, str | int] = {} if timed.ends_at_seconds is None else {"exp": timed.ends_at_seconds}
    return {**timed.key.public_jwk(), **end}

"""Draws new keys: the one place of the key ring's randomness."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_auth.keys import signing_key
from edge_auth.keys.mac_key import MAC_KEY_BYTES, MAC_KEY_ID_BYTES, MacKey
from edge_auth.keys.signing_key import SigningKey


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """What new keys come from. `signing_key` takes the algorithm and raises ValueError for one that is unknown."""

    signing_key: Callable[[str], SigningKey]
    mac_key: Callable[[], MacKey]


def key_maker(entropy: Callable[[int], bytes]) -> KeyMaker:
    """Return the maker of real keys: signing keys are drawn by OpenSSL, MAC keys from `entropy`."""
    return KeyMaker(
        signing_key=lambda alg: SigningKey(alg, signing_key.generate(alg)),
        mac_key=lambda: MacKey(entropy(MAC_KEY_ID_BYTES), entropy(MAC_KEY_BYTES)),
    )

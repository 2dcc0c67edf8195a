"""Draws new keys. The key ring gets randomness from here only."""

from collections.abc import Callable
from dataclasses import dataclass

from edge_auth.keys import signing_key
from edge_auth.keys.mac_key import MAC_KEY_BYTES, MAC_KEY_ID_BYTES, MacKey
from edge_auth.keys.signing_key import SigningKey


@dataclass(frozen=True, slots=True)
class KeyMaker:
    """Makes new keys. `signing_key` takes the algorithm, and raises ValueError for an unknown one."""

    signing_key: Callable[[str], SigningKey]
    mac_key: Callable[[], MacKey]


def key_maker(entropy: Callable[[int], bytes]) -> KeyMaker:
    """Return the maker of real keys: OpenSSL draws the signing keys, and `entropy` the MAC keys."""
    return KeyMaker(
        signing_key=lambda alg: SigningKey(alg, signing_key.generate(alg)),
        mac_key=lambda: MacKey(entropy(MAC_KEY_ID_BYTES), entropy(MAC_KEY_BYTES)),
    )

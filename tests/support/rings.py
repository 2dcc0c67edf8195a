"""Key rings for tests: one with real keys in every place, and keys that cost nothing."""

from itertools import count

from edge_auth import base64url
from edge_auth.keys.jwk import PRIVATE_MEMBERS
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.maker import KeyMaker
from edge_auth.keys.ring import KeyRing, TimedKey
from edge_auth.keys.signing_key import SigningKey
from tests.support.access_tokens import NOW, key

DAY = 86_400


def full_ring(alg: str) -> KeyRing:
    """Return a ring with a key that was ended, one that only verifies, one that signs and the next, of each kind."""
    return KeyRing(
        signing=(
            TimedKey(key("EdDSA", "ended"), NOW - 90 * DAY, NOW - 80 * DAY, NOW - 1, is_final=True),
            TimedKey(key("ES256", "old"), NOW - 60 * DAY, NOW - 50 * DAY, NOW + 60),
            TimedKey(key(alg, "signing"), NOW - 30 * DAY, NOW - 20 * DAY, NOW + 20 * DAY),
            TimedKey(key(alg, "next"), NOW - 20 * DAY, NOW + 10 * DAY),
        ),
        mac=(
            TimedKey(MacKey(b"mac-0", b"0" * 32), NOW - 90 * DAY, NOW - 80 * DAY, NOW - 1, is_final=True),
            TimedKey(MacKey(b"mac-1", b"1" * 32), NOW - 60 * DAY, NOW - 50 * DAY, NOW + 60),
            TimedKey(MacKey(b"mac-2", b"2" * 32), NOW - 30 * DAY, NOW - 20 * DAY, NOW + 20 * DAY),
            TimedKey(MacKey(b"mac-3", b"3" * 32), NOW - 20 * DAY, NOW + 10 * DAY),
        ),
    )


def secrets_of(ring: KeyRing) -> list[str]:
    """Return everything in a ring that must never be seen."""
    pairs = [timed.key for timed in ring.signing]
    private = [pair.jwk[name] for pair in pairs for name in PRIVATE_MEMBERS & pair.jwk.keys()]
    mac_secrets = [timed.key.secret for timed in ring.mac]
    return [*private, *(base64url.encode(secret) for secret in mac_secrets), *(secret.hex() for secret in mac_secrets)]


def cheap_keys() -> KeyMaker:
    """Return a maker of keys that only have a number: they sign nothing."""
    numbers = count(1)
    return KeyMaker(
        signing_key=lambda alg: SigningKey(alg, {"kty": "OKP", "crv": "Ed25519", "x": str(next(numbers))}),
        mac_key=lambda: MacKey(next(numbers).to_bytes(5), bytes(32)),
    )

"""Keys for tests: a ring with real keys in every state, and a maker of cheap keys."""

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
    """Return a ring with an ended, a retired, a signing and a next key of each kind."""
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
    """Return all secrets of a ring, in each encoding."""
    pairs = [timed.key for timed in ring.signing]
    private = [pair.jwk[name] for pair in pairs for name in PRIVATE_MEMBERS & pair.jwk.keys()]
    mac_secrets = [timed.key.secret for timed in ring.mac]
    return [*private, *(base64url.encode(secret) for secret in mac_secrets), *(secret.hex() for secret in mac_secrets)]


def cheap_keys() -> KeyMaker:
    """Return a maker of keys that are only numbers and cannot sign."""
    numbers = count(1)
    return KeyMaker(
        signing_key=lambda alg: SigningKey(alg, {"kty": "OKP", "crv": "Ed25519", "x": str(next(numbers))}),
        mac_key=lambda: MacKey(next(numbers).to_bytes(5), bytes(32)),
    )

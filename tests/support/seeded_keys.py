"""Signing keys that are the same in each run, so that a run can be repeated. For nothing else: everybody knows them."""

import random
from functools import cache
from hashlib import shake_256

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateNumbers,
    RSAPublicNumbers,
    rsa_crt_dmp1,
    rsa_crt_dmq1,
    rsa_crt_iqmp,
)

from edge_auth import base64url
from edge_auth.keys.signing_key import RSA_BITS, RSA_EXPONENT, SigningKey, _ec_jwk, _rsa_jwk
from tests.support.access_tokens import P256_ORDER

# How far the next prime is from the number that `_prime` makes of its name. To search for it would take seconds.
_TO_PRIME = {"p": 3058, "q": 966}


@cache
def seeded_key(alg: str, seed: object = 1) -> SigningKey:
    """Return the signing key of this algorithm and seed. There is one RSA key only."""
    chance = random.Random(repr((alg, seed)))  # noqa: S311 - to repeat a run, not for secrets
    match alg:
        case "ES256":
            private = derive_private_key(chance.randrange(1, P256_ORDER), SECP256R1())
            return SigningKey(alg, _ec_jwk(private.private_numbers()))
        case "RS256":
            return SigningKey(alg, _rsa_jwk(_rsa_numbers(_prime("p"), _prime("q"))))
        case _:
            secret = chance.randbytes(32)
            public = Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()
            return SigningKey(
                alg, {"kty": "OKP", "crv": "Ed25519", "x": base64url.encode(public), "d": base64url.encode(secret)}
            )


def _prime(name: str) -> int:
    size = RSA_BITS // 2
    drawn = int.from_bytes(shake_256(f"edge-auth test prime {name}".encode()).digest(size // 8))
    return (drawn | 3 << (size - 2) | 1) + _TO_PRIME[name]  # both highest bits, so that the product has all bits


def _rsa_numbers(p: int, q: int) -> RSAPrivateNumbers:
    d = pow(RSA_EXPONENT, -1, (p - 1) * (q - 1))
    public = RSAPublicNumbers(RSA_EXPONENT, p * q)
    return RSAPrivateNumbers(p, q, d, rsa_crt_dmp1(d, p), rsa_crt_dmq1(d, q), rsa_crt_iqmp(p, q), public)

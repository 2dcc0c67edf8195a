"""Private signing keys as JSON Web Keys (RFC 7518 §6, RFC 8037 §2): makes them, and loads them from their numbers.

To load a key from its numbers takes half the start-up time of loading PEM.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePrivateNumbers,
    EllipticCurvePublicNumbers,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    RSAPrivateNumbers,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.asymmetric.rsa import (
    generate_private_key as generate_rsa_private_key,
)

from edge_auth import base64url
from edge_auth.keys.jwk import PRIVATE_MEMBERS
from edge_auth.keys.thumbprint import thumbprint

RSA_BITS = 3072  # 128-bit security: NIST SP 800-57 part 1, table 2; ASVS 11.2.3
RSA_EXPONENT = 65537
P256_BYTES = 32

PrivateKey = EllipticCurvePrivateKey | RSAPrivateKey | Ed25519PrivateKey


class UnsupportedAlgorithm(ValueError):
    """The algorithm is not ES256, RS256 or EdDSA. The text names it."""


@dataclass(frozen=True)
class SigningKey:
    """A private signing key as a JWK, of one algorithm."""

    alg: str
    jwk: Mapping[str, str] = field(repr=False)

    @cached_property
    def kid(self) -> str:
        """The RFC 7638 thumbprint."""
        return thumbprint(self.jwk)

    @cached_property
    def private_key(self) -> PrivateKey:
        """The loaded key. It is loaded on first use, because only one key of a ring signs. Raises as `load` does."""
        return load(self.alg, self.jwk)

    def public_jwk(self) -> dict[str, str]:
        """Return the JWK to publish (RFC 7517 §4): public members only."""
        public = {name: value for name, value in self.jwk.items() if name not in PRIVATE_MEMBERS}
        return public | {"alg": self.alg, "kid": self.kid, "use": "sig"}


def generate(alg: str) -> dict[str, str]:
    """Draw a new private key for ES256, RS256 or EdDSA and return it as a JWK.

    Raises:
        UnsupportedAlgorithm: another algorithm.

    """
    match alg:
        case "ES256":
            return _ec_jwk(generate_private_key(SECP256R1()).private_numbers())
        case "RS256":
            return _rsa_jwk(generate_rsa_private_key(RSA_EXPONENT, RSA_BITS).private_numbers())
        case "EdDSA":
            key = Ed25519PrivateKey.generate()
            public, private = key.public_key().public_bytes_raw(), key.private_bytes_raw()
            return {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": base64url.encode(public),
                "d": base64url.encode(private),
            }
        case _:
            raise UnsupportedAlgorithm(f"unsupported signing algorithm: {alg}")


def load(alg: str, jwk: Mapping[str, str]) -> PrivateKey:
    """Load the private key of a JWK that `generate` made.

    Raises:
        ValueError: another algorithm, or numbers that are not a key.
        KeyError: a number is missing.

    """
    match alg:
        case "ES256":
            point = EllipticCurvePublicNumbers(_integer(jwk["x"]), _integer(jwk["y"]), SECP256R1())
            return EllipticCurvePrivateNumbers(_integer(jwk["d"]), point).private_key()
        case "RS256":
            numbers = {name: _integer(jwk[name]) for name in ("p", "q", "d", "dp", "dq", "qi", "e", "n")}
            public = RSAPublicNumbers(numbers["e"], numbers["n"])
            return RSAPrivateNumbers(
                numbers["p"], numbers["q"], numbers["d"], numbers["dp"], numbers["dq"], numbers["qi"], public
            ).private_key()
        case "EdDSA":
            key = Ed25519PrivateKey.from_private_bytes(base64url.decode(jwk["d"]))
            if key.public_key().public_bytes_raw() != base64url.decode(jwk["x"]):
                raise ValueError("the two halves of the key do not belong together")
            return key
        case _:
            raise UnsupportedAlgorithm(f"unsupported signing algorithm: {alg}")


def _ec_jwk(numbers: EllipticCurvePrivateNumbers) -> dict[str, str]:
    point = numbers.public_numbers
    coordinates = {"x": point.x, "y": point.y, "d": numbers.private_value}
    # RFC 7518 §6.2.1.2: coordinates have the full size of the curve, leading zeros included.
    encoded = {name: base64url.encode(value.to_bytes(P256_BYTES)) for name, value in coordinates.items()}
    return {"kty": "EC", "crv": "P-256"} | encoded


def _rsa_jwk(numbers: RSAPrivateNumbers) -> dict[str, str]:
    public = numbers.public_numbers
    members = {
        "n": public.n,
        "e": public.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    # RFC 7518 §6.3.1.1: as few bytes as the number needs.
    encoded = {name: base64url.encode(value.to_bytes((value.bit_length() + 7) // 8)) for name, value in members.items()}
    return {"kty": "RSA"} | encoded


def _integer(text: str) -> int:
    return int.from_bytes(base64url.decode(text))

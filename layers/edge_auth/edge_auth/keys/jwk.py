"""Public keys as JSON Web Keys (RFC 7517): reads a JWK into a key that can check a signature.

A key is of one algorithm only (RFC 8725 §3.1): ES256, RS256 or EdDSA with Ed25519. The modules for RS256 and EdDSA are
loaded with the first key that needs them. So a deployment with ES256 keys, the default, does not load them.
"""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from edge_auth import base64url

ACCESS_TOKEN_TYPE = "at+jwt"
MIN_RSA_BITS = 2048  # RFC 7518 §3.3; our own keys have 3072
PRIVATE_MEMBERS = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
P256_COORDINATE_BYTES = 32  # RFC 7518 §6.2.1.2: the full size, leading zeros included
ES256_SIGNATURE_BYTES = 64  # RFC 7518 §3.4: R and S, 32 bytes each
ED25519_SIGNATURE_BYTES = 64  # RFC 8032 §5.1.6

CheckSignature = Callable[[bytes, bytes], None]


class VerificationKey(NamedTuple):
    """A public key that checks signatures of one algorithm.

    `check(signature, signed)` returns, or raises `cryptography.exceptions.InvalidSignature`. From `ends_at_seconds` on,
    in seconds since 1970, nothing that the key signed is accepted. None means that no end is known.
    """

    kid: str
    alg: str
    check: CheckSignature
    ends_at_seconds: int | None = None

    @property
    def header_segment(self) -> str:
        """The only protected header that a token of this key may have, encoded as in the token."""
        return header_segment(self.alg, self.kid)


class VerifyingEcdsa(ECDSA):
    """ECDSA with SHA-256, for verifying.

    The constructor of `ECDSA` loads every cipher, to learn whether this OpenSSL can *sign* deterministically. That is a
    sixth of an authorizer's start.
    """

    algorithm = SHA256()
    deterministic_signing = False

    def __init__(self) -> None:
        pass


def header_segment(alg: str, kid: str) -> str:
    """Return the constant protected header of this key's access tokens, base64url-encoded."""
    header = {"alg": alg, "kid": kid, "typ": ACCESS_TOKEN_TYPE}
    return base64url.encode(json.dumps(header, separators=(",", ":")).encode("ascii"))


def verification_key(jwk: object) -> VerificationKey:
    """Build the verification key from a public JWK.

    Raises:
        ValueError: the JWK is a private key, is not for signatures (RFC 7517 §4.2, §4.3), names another algorithm than
            the key's own, has no printable `kid`, has an `exp` that is not a time, or has numbers that are not a key.

    """
    if not isinstance(jwk, dict):
        _refuse("not an object")
    if PRIVATE_MEMBERS & jwk.keys():
        _refuse("a private key")
    if jwk.get("use", "sig") != "sig" or jwk.get("key_ops", ["verify"]) != ["verify"]:
        _refuse("a key that is not for verifying signatures")
    kid = _text(jwk, "kid")
    if not kid.isascii() or not kid.isprintable():
        _refuse("an unprintable kid")
    alg, check = _BUILDERS.get(_text(jwk, "kty"), _unknown)(jwk)
    if jwk.get("alg", alg) != alg:
        _refuse("an algorithm that is not the key's own")
    return VerificationKey(kid=kid, alg=alg, check=check, ends_at_seconds=_end(jwk))


def _es256(jwk: Mapping[str, object]) -> tuple[str, CheckSignature]:
    if jwk.get("crv") != "P-256":
        _refuse("another curve than P-256")
    key = EllipticCurvePublicNumbers(_coordinate(jwk, "x"), _coordinate(jwk, "y"), SECP256R1()).public_key()
    algorithm = VerifyingEcdsa()

    def check(signature: bytes, signed: bytes) -> None:
        _check_size(signature, ES256_SIGNATURE_BYTES)
        r, s = int.from_bytes(signature[:32]), int.from_bytes(signature[32:])
        key.verify(encode_dss_signature(r, s), signed, algorithm)

    return "ES256", check


def _rs256(jwk: Mapping[str, object]) -> tuple[str, CheckSignature]:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - see the module's docstring
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415 - the same

    key = RSAPublicNumbers(_integer(jwk, "e"), _integer(jwk, "n")).public_key()
    if key.key_size < MIN_RSA_BITS:
        _refuse("an RSA key of less than 2048 bits")
    padding, digest = PKCS1v15(), SHA256()

    def check(signature: bytes, signed: bytes) -> None:
        key.verify(signature, signed, padding, digest)

    return "RS256", check


def _eddsa(jwk: Mapping[str, object]) -> tuple[str, CheckSignature]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - the same

    if jwk.get("crv") != "Ed25519":
        _refuse("another curve than Ed25519")
    key = Ed25519PublicKey.from_public_bytes(base64url.decode(_text(jwk, "x")))

    def check(signature: bytes, signed: bytes) -> None:
        _check_size(signature, ED25519_SIGNATURE_BYTES)
        key.verify(signature, signed)

    return "EdDSA", check


def _check_size(signature: bytes, size: int) -> None:
    if len(signature) != size:
        raise InvalidSignature


def _unknown(_jwk: Mapping[str, object]) -> NoReturn:
    _refuse("another key type than EC, RSA and OKP")


_BUILDERS: dict[str, Callable[[Mapping[str, object]], tuple[str, CheckSignature]]] = {
    "EC": _es256,
    "RSA": _rs256,
    "OKP": _eddsa,
}


def _text(jwk: Mapping[str, object], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str) or not value:
        _refuse(f"no {name}")
    return value


def _end(jwk: Mapping[str, object]) -> int | None:
    """Read `exp`, the time when the key ends, as in OpenID Federation 1.0."""
    end = jwk.get("exp")
    if end is None:
        return None
    if type(end) is not int or end < 0:  # a bool is an int to isinstance
        _refuse("exp is no time")
    return end


def _integer(jwk: Mapping[str, object], name: str) -> int:
    return int.from_bytes(base64url.decode(_text(jwk, name)))


def _coordinate(jwk: Mapping[str, object], name: str) -> int:
    data = base64url.decode(_text(jwk, name))
    if len(data) != P256_COORDINATE_BYTES:
        _refuse(f"{name} is not of the curve's size")
    return int.from_bytes(data)


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"unusable JWK: {what}")

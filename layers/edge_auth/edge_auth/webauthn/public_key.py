"""Public keys of passkeys, as COSE keys (RFC 9052 §7): ES256, EdDSA with Ed25519, and RS256.

A key has the parameters of its type and `alg`, and no other one (WebAuthn §6.5.1.1). The modules for EdDSA and RS256
are loaded with the first key that needs them.
"""

from collections.abc import Callable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256

from edge_auth.keys.jwk import VerifyingEcdsa
from edge_auth.webauthn.cbor import read_map
from edge_auth.webauthn.refusal import NotVerified

ALGORITHMS = (-7, -8, -257)  # ES256, EdDSA, RS256: those that WebAuthn §5.4 names for the widest choice
MIN_RSA_BITS, MAX_RSA_BITS = 2048, 4096  # RFC 8812 §2; the upper bound limits the time of a check
COORDINATE_BYTES = 32  # RFC 9053 §7.1.1: leading zeros included

CheckSignature = Callable[[bytes, bytes], None]


def public_key(cose_key: bytes) -> CheckSignature:
    """Return the check of a key: `check(signature, signed)` raises NotVerified for another signature.

    Raises:
        NotVerified: the bytes are no such key, or more than one.

    """
    parameters, end = read_map(cose_key)
    if end != len(cose_key) or any(type(value) not in {int, bytes} for value in parameters.values()):
        raise NotVerified("key: form")
    try:
        verify = _verifier(parameters)
    except ValueError:  # of cryptography: a point that is not on the curve
        raise NotVerified("key: numbers") from None

    def check(signature: bytes, signed: bytes) -> None:
        try:
            verify(signature, signed)
        except InvalidSignature:
            raise NotVerified("signature") from None

    return check


def _verifier(parameters: dict[object, object]) -> CheckSignature:
    # The labels: RFC 9052 §7.1 for kty (1) and alg (3), RFC 9053 §7 for crv (-1), x (-2) and y (-3), RFC 8230 §4 for
    # n (-1) and e (-2).
    match len(parameters), parameters:
        case 5, {1: 2, 3: -7, -1: 1, -2: bytes(x), -3: bytes(y)} if len(x) == len(y) == COORDINATE_BYTES:
            point = EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), SECP256R1()).public_key()
            algorithm = VerifyingEcdsa()
            return lambda signature, signed: point.verify(signature, signed, algorithm)
        case 4, {1: 1, 3: -8, -1: 6, -2: bytes(x)}:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - see above

            return Ed25519PublicKey.from_public_bytes(x).verify
        case 4, {1: 3, 3: -257, -1: bytes(n), -2: b"\1\0\1" as e} if _is_modulus(n):
            from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415 - see above
            from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers  # noqa: PLC0415 - see above

            key, padding, digest = RSAPublicNumbers(*map(int.from_bytes, (e, n))).public_key(), PKCS1v15(), SHA256()
            return lambda signature, signed: key.verify(signature, signed, padding, digest)
    raise NotVerified("key: type, algorithm or parameters")


def _is_modulus(n: bytes) -> bool:
    # RFC 8230 §4: no leading zeros. A product of two primes is odd.
    return n[:1] > b"\0" and n[-1] & 1 == 1 and MIN_RSA_BITS <= int.from_bytes(n).bit_length() <= MAX_RSA_BITS

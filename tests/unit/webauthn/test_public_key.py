"""The public keys of passkeys: which COSE keys are accepted, and nothing else."""

from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from fido2 import cbor

from edge_auth.webauthn.public_key import public_key
from edge_auth.webauthn.refusal import NotVerified
from tests.support.software_passkeys import cose_key, private_key, sign


def parameters(name: str) -> dict[int, Any]:
    """Return the parameters of a good key."""
    return dict(cast("dict[int, Any]", cbor.decode(cose_key(private_key(name)))))


ES256, EDDSA, RS256 = (parameters(name) for name in ("ES256", "EdDSA", "RS256"))


@pytest.mark.parametrize("name", ["ES256", "EdDSA", "RS256"])
def test_a_key_checks_its_own_signatures(name: str) -> None:
    """And the signature of no other text."""
    key = private_key(name)
    check = public_key(cose_key(key))
    check(sign(key, b"signed"), b"signed")
    with pytest.raises(NotVerified, match="signature"):
        check(sign(key, b"signed"), b"signeD")


def rsa_key(bits: int, exponent: int = 65537) -> bytes:
    """Return an RSA key of this size."""
    return cose_key(rsa.generate_private_key(public_exponent=exponent, key_size=bits))


REFUSED = {
    "no parameter": {},
    "no algorithm": {label: value for label, value in ES256.items() if label != 3},
    "ES384": {**ES256, 3: -35},
    "ES256K": {**ES256, 3: -47},
    "RS1": {**RS256, 3: -65535},
    "PS256": {**RS256, 3: -37},
    "an algorithm of another type": {**ES256, 3: -8},
    "a type of another algorithm": {**ES256, 1: 1},
    "a type as text": {**EDDSA, 1: "OKP"},
    "a boolean for 1": {**EDDSA, 1: True},
    "P-384": {**ES256, -1: 2},
    "Ed448": {**EDDSA, -1: 7},
    "a parameter more": {**ES256, 2: b"kid"},
    "the private part": {**ES256, -4: b"d" * 32},
    "a parameter less": {label: value for label, value in ES256.items() if label != -3},
    "a compressed point": {**ES256, -3: False},
    "a point beside the curve": {**ES256, -3: bytes(31) + b"\1"},
    "the point zero": {**ES256, -2: bytes(32), -3: bytes(32)},
    "a coordinate of 31 bytes": {**ES256, -2: ES256[-2][1:]},
    "a coordinate of 33 bytes": {**ES256, -2: b"\0" + ES256[-2]},
    "Ed25519 of 31 bytes": {**EDDSA, -2: EDDSA[-2][1:]},
    "the exponent 3": {**RS256, -2: b"\3"},
    "an exponent with a leading zero": {**RS256, -2: b"\0\1\0\1"},
    "RSA of 8192 bits": {**RS256, -1: b"\xff" * 1024},
    "an even modulus": {**RS256, -1: RS256[-1][:-1] + b"\0"},
    "RSA of 2040 bits": {**RS256, -1: RS256[-1][:255]},
    "a modulus with leading zeros": {**RS256, -1: bytes(8) + RS256[-1][8:]},
}


@pytest.mark.parametrize("parameters", REFUSED.values(), ids=REFUSED)
def test_another_key_is_refused(parameters: dict[int, object]) -> None:
    """WebAuthn §6.5.1.1, RFC 9053 §7, RFC 8812 §2: when it is registered, and not at the next login."""
    with pytest.raises(NotVerified):
        public_key(cbor.encode(parameters))


def test_a_short_rsa_key_is_refused() -> None:
    """RFC 8812 §2: at least 2048 bits. 3072 and 4096 are accepted."""
    with pytest.raises(NotVerified):
        public_key(rsa_key(1024))
    public_key(rsa_key(3072))


def test_bytes_behind_a_key_are_refused() -> None:
    """A key has one spelling in the table."""
    with pytest.raises(NotVerified, match="form"):
        public_key(cose_key(private_key("ES256")) + b"\0")

"""Private signing keys: they are generated, written, and loaded from their numbers."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, derive_private_key
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st

from edge_auth import base64url
from edge_auth.keys import signing_key
from edge_auth.keys.jwk import verification_key
from edge_auth.keys.signing_key import SigningKey
from tests.support.access_tokens import ALGORITHMS, P256_ORDER, key, raw_signature


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_loaded_key_is_the_one_that_was_made(alg: str) -> None:
    """The public half verifies what the loaded key signs."""
    pair = key(alg)
    loaded = signing_key.load(alg, pair.jwk)
    verification_key(pair.public_jwk()).check(raw_signature(loaded, b"text"), b"text")


def test_two_keys_are_never_alike() -> None:
    """Each generated key is new."""
    assert signing_key.generate("ES256") != signing_key.generate("ES256")


def test_rsa_keys_have_3072_bits_and_the_usual_exponent() -> None:
    """ASVS 11.2.3 requires 128-bit security (DC-9)."""
    pair = key("RS256")
    assert isinstance(pair.private_key, RSAPrivateKey)
    assert pair.private_key.key_size == 3072
    assert pair.jwk["e"] == "AQAB"
    assert len(base64url.decode(pair.jwk["n"])) == 384  # no zero before the number: RFC 7518 §6.3.1.1


def _with_leading_zero_byte(start: int) -> int:
    """Return the first private number from `start` whose public point has a coordinate below 2^248."""
    number = start
    while True:
        point = derive_private_key(number, SECP256R1()).public_key().public_numbers()
        if min(point.x, point.y) < 2**248:
            return number
        number += 1


@pytest.mark.parametrize("number", [1, P256_ORDER - 1, _with_leading_zero_byte(1), _with_leading_zero_byte(100_000)])
def test_coordinates_keep_their_32_bytes(number: int) -> None:
    """Leading zeros stay. Otherwise a key would have two spellings and two thumbprints (RFC 7518 §6.2.1.2)."""
    jwk = signing_key._ec_jwk(derive_private_key(number, SECP256R1()).private_numbers())
    assert {len(base64url.decode(jwk[name])) for name in ("x", "y", "d")} == {32}
    pair = SigningKey("ES256", jwk)
    verification_key(pair.public_jwk()).check(raw_signature(pair.private_key, b"text"), b"text")


@given(st.integers(min_value=1, max_value=P256_ORDER - 1))
def test_any_private_number_comes_back(number: int) -> None:
    """Writing and loading keeps the private number."""
    private_key = derive_private_key(number, SECP256R1())
    loaded = signing_key.load("ES256", signing_key._ec_jwk(private_key.private_numbers()))
    assert isinstance(loaded, EllipticCurvePrivateKey)
    assert loaded.private_numbers() == private_key.private_numbers()


@pytest.mark.parametrize("alg", ["", "none", "HS256", "ES384", "es256", "PS256", "Ed25519"])
def test_other_algorithms_are_refused(alg: str) -> None:
    """There are three algorithms (T3)."""
    with pytest.raises(ValueError, match="unsupported signing algorithm"):
        signing_key.generate(alg)
    with pytest.raises(ValueError, match="unsupported signing algorithm"):
        signing_key.load(alg, key("ES256").jwk)


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_numbers_that_are_no_key_are_refused(alg: str) -> None:
    """A private number must belong to the public half. Otherwise no verifier would accept the signatures."""
    pair, foreign = key(alg), key(alg, "foreign")
    with pytest.raises(ValueError, match=r".*"):
        signing_key.load(alg, {**pair.jwk, "d": foreign.jwk["d"]})

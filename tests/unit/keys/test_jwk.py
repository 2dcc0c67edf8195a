"""Public keys as JSON Web Keys."""

from collections.abc import Callable

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_ec
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa

from edge_auth import base64url
from edge_auth.keys.jwk import header_segment, verification_key
from tests.support.access_tokens import ALGORITHMS, key, raw_signature


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_checks_the_signatures_of_its_own_key(alg: str) -> None:
    """A signature by the private half passes. A signature over other bytes, or by another key, fails."""
    pair = key(alg)
    check = verification_key(pair.public_jwk()).check
    check(raw_signature(pair.private_key, b"text"), b"text")
    with pytest.raises(InvalidSignature):
        check(raw_signature(pair.private_key, b"text"), b"texT")
    with pytest.raises(InvalidSignature):
        check(raw_signature(key(alg, "foreign").private_key, b"text"), b"text")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_knows_its_algorithm_and_header(alg: str) -> None:
    """A key has one algorithm and one header (T3)."""
    public = verification_key(key(alg).public_jwk())
    assert (public.alg, public.kid) == (alg, key(alg).kid)
    assert public.header_segment == header_segment(alg, key(alg).kid)


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("size", [0, 1, 63, 65, 71, 128])
def test_signatures_of_another_size_are_invalid(alg: str, size: int) -> None:
    """A signature of the wrong size is invalid and causes no crash."""
    with pytest.raises(InvalidSignature):
        verification_key(key(alg).public_jwk()).check(b"\x01" * size, b"text")


def test_an_es256_signature_with_a_longer_s_is_invalid() -> None:
    """A zero before the number would be another spelling of the same signature (T4)."""
    pair = key("ES256")
    raw = raw_signature(pair.private_key, b"text")
    with pytest.raises(InvalidSignature):
        verification_key(pair.public_jwk()).check(raw[:32] + bytes(1) + raw[32:], b"text")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_zero_signature_is_invalid(alg: str) -> None:
    """A signature of zeros is invalid: CVE-2022-21449, "psychic signatures"."""
    with pytest.raises(InvalidSignature):
        verification_key(key(alg).public_jwk()).check(bytes(64), b"text")


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_private_members_are_refused(member: str) -> None:
    """A private key in the key set is a leak and is refused (K1)."""
    with pytest.raises(ValueError, match="private"):
        verification_key({**key("ES256").public_jwk(), member: "AQAB"})


@pytest.mark.parametrize(
    "change",
    [
        {"use": "enc"},
        {"use": ""},
        {"use": None},
        {"use": ["sig"]},
        {"key_ops": ["encrypt"]},
        {"key_ops": ["sign"]},
        {"key_ops": ["verify", "encrypt"]},
        {"key_ops": []},
        {"key_ops": "verify"},
    ],
)
def test_keys_for_another_use_are_refused(change: dict[str, object]) -> None:
    """Only keys for verifying signatures are accepted (K2)."""
    with pytest.raises(ValueError, match="not for verifying"):
        verification_key({**key("ES256").public_jwk(), **change})


@pytest.mark.parametrize("change", [{"use": "sig"}, {"key_ops": ["verify"]}])
def test_keys_for_this_use_are_taken(change: dict[str, object]) -> None:
    """`use: sig` and `key_ops: [verify]` mean that the key verifies signatures (K2)."""
    assert verification_key({**key("ES256").public_jwk(), **change}).alg == "ES256"


@pytest.mark.parametrize("alg", ALGORITHMS)
@pytest.mark.parametrize("claimed", ["none", "HS256", "ES384", "PS256", "Ed25519", "", None, 5])
def test_another_algorithm_than_the_keys_own_is_refused(alg: str, claimed: object) -> None:
    """A key set cannot change the algorithm of a key (RFC 8725 §3.1)."""
    with pytest.raises(ValueError, match="algorithm"):
        verification_key({**key(alg).public_jwk(), "alg": claimed})


def _without(name: str) -> Callable[[dict[str, object]], dict[str, object]]:
    return lambda jwk: {member: value for member, value in jwk.items() if member != name}


def _with(**changes: object) -> Callable[[dict[str, object]], dict[str, object]]:
    return lambda jwk: {**jwk, **changes}


@pytest.mark.parametrize(
    "damage",
    [
        _without("kid"),
        _with(kid=""),
        _with(kid=7),
        _with(kid="a\nb"),
        _with(kid="é"),
        _without("kty"),
        _with(kty="oct"),
        _with(kty=None),
        _without("crv"),
        _with(crv="P-384"),
        _with(crv="secp256k1"),
        _with(kty="OKP", crv="P-256"),
        _with(kty="RSA"),
        _without("x"),
        _without("y"),
        _with(x=5),
        _with(x=""),
        _with(x="A=="),
        _with(y="*"),
        _with(x="AA", y="AA"),
    ],
)
def test_damaged_elliptic_keys_are_refused(damage: Callable[[dict[str, object]], dict[str, object]]) -> None:
    """A missing member, a wrong type or another curve is refused."""
    with pytest.raises(ValueError, match=r".*"):
        verification_key(damage(dict(key("ES256").public_jwk())))


@pytest.mark.parametrize("strange", [{"kty": []}, {"kty": {}}, {"crv": []}, {"crv": {}}])
def test_members_of_strange_types_are_refused_as_documented(strange: dict[str, object]) -> None:
    """A list or an object for `kty` or `crv` raises ValueError, like every unusable key."""
    with pytest.raises(ValueError, match=r".*"):
        verification_key({**key("ES256").public_jwk(), **strange})


def test_a_point_off_the_curve_is_refused() -> None:
    """Coordinates that do not satisfy the curve's equation are no public key."""
    jwk = key("ES256").public_jwk()
    with pytest.raises(ValueError, match=r".*"):
        verification_key({**jwk, "y": jwk["x"]})


def test_a_point_of_another_curve_is_refused() -> None:
    """Coordinates of P-384 under the name P-256 are no public key."""
    numbers = generate_ec(SECP384R1()).public_key().public_numbers()
    coordinates = {"x": base64url.encode(numbers.x.to_bytes(48)), "y": base64url.encode(numbers.y.to_bytes(48))}
    with pytest.raises(ValueError, match=r".*"):
        verification_key({**key("ES256").public_jwk(), **coordinates})


def test_a_coordinate_has_the_full_size_of_the_curve() -> None:
    """RFC 7518 §6.2.1.2: one more leading zero is the same number, but another spelling of the key."""
    jwk = key("ES256").public_jwk()
    longer = base64url.encode(b"\0" + base64url.decode(jwk["x"]))

    with pytest.raises(ValueError, match="x is not of the curve's size"):
        verification_key({**jwk, "x": longer})


def test_rsa_below_2048_bits_is_refused() -> None:
    """RFC 7518 §3.3 requires at least 2048 bits."""
    numbers = generate_rsa(65537, 2040).public_key().public_numbers()  # noqa: S505 - the test needs a weak key
    jwk = {"kty": "RSA", "kid": "small", "e": "AQAB", "n": base64url.encode(numbers.n.to_bytes(255))}
    with pytest.raises(ValueError, match="2048"):
        verification_key(jwk)


def test_rsa_of_2048_bits_is_taken() -> None:
    """Other issuers may have such keys."""
    numbers = generate_rsa(65537, 2048).public_key().public_numbers()
    jwk = {"kty": "RSA", "kid": "least", "e": "AQAB", "n": base64url.encode(numbers.n.to_bytes(256)), "alg": "RS256"}
    assert verification_key(jwk).kid == "least"


@pytest.mark.parametrize("change", [{"n": ""}, {"e": "AA"}, {"e": "AQ"}, {"e": "Ag"}, {"n": "AQAB"}])
def test_damaged_rsa_keys_are_refused(change: dict[str, str]) -> None:
    """Numbers that do not form an RSA key are refused."""
    with pytest.raises(ValueError, match=r".*"):
        verification_key({**key("RS256").public_jwk(), **change})


@pytest.mark.parametrize("x", ["", "AA", "A" * 44, base64url.encode(bytes(31)), base64url.encode(bytes(33))])
def test_damaged_ed25519_keys_are_refused(x: str) -> None:
    """An Ed25519 public key has 32 bytes."""
    with pytest.raises(ValueError, match=r".*"):
        verification_key({**key("EdDSA").public_jwk(), "x": x})


def test_another_curve_of_the_same_size_is_refused() -> None:
    """RFC 8037 §2: X25519 has keys of 32 bytes too, and signs nothing."""
    with pytest.raises(ValueError, match="another curve than Ed25519"):
        verification_key({**key("EdDSA").public_jwk(), "crv": "X25519"})


@pytest.mark.parametrize("end", [0, 1])
def test_a_key_may_have_ended_long_ago(end: int) -> None:
    """A time is a number of seconds since 1970, and the first one is 0."""
    assert verification_key({**key("ES256").public_jwk(), "exp": end}).ends_at_seconds == end

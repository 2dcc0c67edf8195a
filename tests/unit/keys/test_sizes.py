"""The sizes of keys and signatures that standards give, and what no repr of a key shows."""

import pytest

from edge_auth.keys import jwk, mac_key, ring_document, rotation, sealing_key, signing_key
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support.access_tokens import key


@pytest.mark.parametrize(
    ("found", "size"),
    [
        (jwk.MIN_RSA_BITS, 2048),  # RFC 7518 §3.3
        (jwk.P256_COORDINATE_BYTES, 32),  # RFC 7518 §6.2.1.2
        (jwk.ES256_SIGNATURE_BYTES, 64),  # RFC 7518 §3.4
        (jwk.ED25519_SIGNATURE_BYTES, 64),  # RFC 8032 §5.1.6
        (signing_key.P256_BYTES, 32),
        (signing_key.RSA_BITS, 3072),  # NIST SP 800-57 part 1, table 2: 128-bit security
        (signing_key.RSA_EXPONENT, 65_537),  # NIST SP 800-56B §6.2: at least this
        (mac_key.MAC_KEY_BYTES, 32),  # RFC 2104 §3
        (mac_key.MAC_KEY_ID_BYTES, 5),  # in every token
        (sealing_key.KEY_ID_BYTES, 4),  # beside everything that is sealed
        (sealing_key.MIN_CHARACTERS, 43),  # 256 bits in base64
        (sealing_key.MAX_KEYS, 8),
        (ring_document.FORMAT, 2),
        (ring_document.MAX_FORMAT, 100),
        (rotation.AT_ONCE, 0),
        (rotation.NOW, 0),
    ],
)
def test_each_size_is_the_one_of_its_standard(found: int, size: int) -> None:
    """A smaller one is weaker, and another one cannot be read by what an earlier release has stored."""
    assert found == size


def test_a_private_member_of_any_algorithm_is_known() -> None:
    """RFC 7518 §6.2.2, §6.3.2, §6.4.1, and RFC 8037 §2."""
    assert {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} == jwk.PRIVATE_MEMBERS


def test_the_type_of_an_access_token_is_rfc_9068s() -> None:
    """RFC 9068 §2.1: so no other token of the same key passes for one."""
    assert jwk.ACCESS_TOKEN_TYPE == "at+jwt"


def test_no_key_shows_its_secret() -> None:
    """K5: a repr may be in a traceback, and so in a log."""
    signing, sealing = key("ES256"), sealing_keys_from("a" * 64).newest
    shown = repr([MacKey(b"mac-1", b"s3cret" * 6), signing, sealing])

    assert "mac-1" in shown
    assert "s3cret" not in shown
    assert signing.jwk["d"] not in shown
    assert repr(sealing.cipher) not in shown
    assert repr(sealing.mac) not in shown


def test_the_parts_of_a_sealing_key_are_the_same_in_every_release() -> None:
    """Otherwise nothing that an earlier release has sealed could be opened, and no recovery code be found."""
    sealing = sealing_keys_from("a" * 64).newest

    assert [part.hex() for part in (sealing.key_id, sealing.cipher, sealing.mac)] == [
        "18d82b92",
        "502d30a14b2dc917aeb2dab7071366c47bfa1645912014987f9ffe319efbbc16",
        "99a37f855cbbb011cb09ed52ca7adac97b178a551a114f3574c047b4d1d8e685",
    ]

"""The keys of a verifier: read from a JWK Set, and during a rotation."""

import json

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import verification_key
from edge_auth.keys.mac_key import MacKey
from edge_auth.keys.ring import KeysInForce, TimedKey
from edge_auth.keys.signing_key import SigningKey
from edge_auth.tokens import access_token as access
from edge_auth.tokens.verifier import UnknownKey, Verifier, keys_from_jwks
from tests.support.access_tokens import ALGORITHMS, AUDIENCE, CLAIMS, ISSUER, NOW, key

MAC_KEY = MacKey(b"mac-1", b"1" * 32)


def verifier_of(*keys: SigningKey) -> Verifier:
    """Return a verifier that read these keys from JSON."""
    return Verifier(keys_from_jwks(json.dumps({"keys": [pair.public_jwk() for pair in keys]})), audience=AUDIENCE)


def test_an_empty_text_is_a_set_without_keys() -> None:
    """A verifier without keys cannot decide, and says so with `has_keys` (Z14)."""
    assert keys_from_jwks("") == []
    assert keys_from_jwks('{"keys":[]}') == []
    assert not Verifier([], audience=AUDIENCE).has_keys
    assert verifier_of(key("ES256")).has_keys


def test_keys_of_several_algorithms_verify_side_by_side() -> None:
    """A deployment that changes its algorithm verifies both algorithms for a while (F15)."""
    verifier = verifier_of(*(key(alg) for alg in ALGORITHMS))
    for alg in ALGORITHMS:
        assert verifier.verify(access.issue(CLAIMS, key(alg)), issuer=ISSUER, now_seconds=NOW) == CLAIMS


def test_before_and_after_a_rotation_no_honest_token_is_refused() -> None:
    """The verifier knows the signing key, the next key and the key before, so either side may change first (F15)."""
    old, current, coming = (key("ES256", name) for name in ("old", "ours", "next"))
    verifier = verifier_of(current, coming, old)
    for pair in (old, current, coming):
        assert verifier.verify(access.issue(CLAIMS, pair), issuer=ISSUER, now_seconds=NOW) == CLAIMS


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_that_is_gone_verifies_no_more(alg: str) -> None:
    """The error names the key, so that the caller can fetch it (F15)."""
    verifier, old = verifier_of(key(alg, "next")), key(alg, "old")
    with pytest.raises(UnknownKey) as caught:
        verifier.verify(access.issue(CLAIMS, old), issuer=ISSUER, now_seconds=NOW)
    assert caught.value.kid == old.kid


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_a_key_verifies_until_its_end_and_not_from_then_on(alg: str) -> None:
    """The end is the key's `exp` in the set, to the second, and the token's `exp` does not matter (K3, F15)."""
    pair = key(alg)
    end = NOW + 60
    verifier = Verifier(keys_from_jwks(json.dumps({"keys": [{**pair.public_jwk(), "exp": end}]})), audience=AUDIENCE)
    token = access.issue(CLAIMS, pair)
    assert verifier.verify(token, issuer=ISSUER, now_seconds=end - 1) == CLAIMS
    with pytest.raises(UnknownKey) as caught:
        verifier.verify(token, issuer=ISSUER, now_seconds=end)
    assert caught.value.kid == pair.kid


def test_the_set_that_a_ring_publishes_tells_each_keys_end() -> None:
    """The verifier reads the ring's ends: none for the last key, the announced end for the others (K3)."""
    old, current = key("ES256", "old"), key("EdDSA")
    keys = KeysInForce(
        verifying=(TimedKey(current, NOW - 9000, NOW - 60), TimedKey(old, NOW - 99_999, NOW - 99_999, NOW + 60)),
        mac=MAC_KEY,
        mac_keys={MAC_KEY.key_id: MAC_KEY},
    )
    read = keys_from_jwks(json.dumps(keys.jwks()))
    assert [(read_key.kid, read_key.ends_at_seconds) for read_key in read] == [(current.kid, None), (old.kid, NOW + 60)]


@pytest.mark.parametrize("end", ["1800000060", 1.5, -1, True, [], {}])
def test_an_end_that_is_no_time_is_refused(end: object) -> None:
    """A key with an unreadable end may have ended (Z14)."""
    with pytest.raises(ValueError, match="exp"):
        keys_from_jwks(json.dumps({"keys": [{**key("ES256").public_jwk(), "exp": end}]}))


def test_without_keys_nothing_verifies() -> None:
    """A verifier without keys accepts nothing."""
    with pytest.raises(InvalidToken, match="unknown key"):
        Verifier([], audience=AUDIENCE).verify(access.issue(CLAIMS, key("ES256")), issuer=ISSUER, now_seconds=NOW)


def test_two_keys_with_one_kid_are_refused() -> None:
    """A kid names one key (T3)."""
    public = verification_key(key("ES256").public_jwk())
    with pytest.raises(ValueError, match="two keys"):
        Verifier([public, public], audience=AUDIENCE)


@pytest.mark.parametrize(
    "document",
    [
        "{",
        "null",
        "[]",
        "5",
        '"keys"',
        "{}",
        '{"keys":null}',
        '{"keys":{}}',
        '{"keys":"x"}',
        '{"keys":[{}]}',
        '{"keys":[1]}',
        '{"keys":[null]}',
        '{"keys":["x"]}',
        '{"keys":[[]]}',
        "[" * 60_000,
        '{"keys":[' + '{"a":' * 10_000,
    ],
    ids=lambda document: document[:20],
)
def test_a_damaged_key_set_is_refused(document: str) -> None:
    """A function with some of its keys would deny some users, so a function with a damaged set does not start (Z14)."""
    with pytest.raises(ValueError, match=r".*"):
        keys_from_jwks(document)


def test_a_private_key_in_the_set_is_refused() -> None:
    """A leaked private key causes an error (K1)."""
    with pytest.raises(ValueError, match="private"):
        keys_from_jwks(json.dumps({"keys": [dict(key("ES256").jwk) | {"kid": "a"}]}))

"""The verifier's keys: from a JWK Set, and in its rotation."""

import json

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.tokens import access
from edge_auth.tokens.jwk import verification_key
from edge_auth.tokens.keyring import SigningKey
from edge_auth.tokens.verifier import Verifier, keys_from_jwks
from tests.unit.access_tokens import ALGORITHMS, AUDIENCE, CLAIMS, ISSUER, NOW, key


def verifier_of(*keys: SigningKey) -> Verifier:
    """Return a verifier that read these keys from JSON."""
    return Verifier(keys_from_jwks(json.dumps({"keys": [pair.public_jwk() for pair in keys]})), audience=AUDIENCE)


def test_an_empty_text_is_a_set_without_keys() -> None:
    """A deployment without keys can decide nothing (Z14)."""
    assert keys_from_jwks("") == []
    assert keys_from_jwks('{"keys":[]}') == []
    assert not Verifier([], audience=AUDIENCE).has_keys
    assert verifier_of(key("ES256")).has_keys


def test_keys_of_several_algorithms_verify_side_by_side() -> None:
    """A deployment that changes its algorithm verifies both for a while (F15)."""
    verifier = verifier_of(*(key(alg) for alg in ALGORITHMS))
    for alg in ALGORITHMS:
        assert verifier.verify(access.issue(CLAIMS, key(alg)), issuer=ISSUER, now_seconds=NOW) == CLAIMS


def test_before_and_after_a_rotation_no_honest_token_is_refused() -> None:
    """Signing, next and retired keys are all known, so that either side may be ahead (F15)."""
    old, current, coming = (key("ES256", name) for name in ("old", "ours", "next"))
    verifier = verifier_of(current, coming, old)
    for pair in (old, current, coming):
        assert verifier.verify(access.issue(CLAIMS, pair), issuer=ISSUER, now_seconds=NOW) == CLAIMS


def test_a_retired_key_that_was_dropped_verifies_no_more() -> None:
    """An emergency rotation drops every old key at once (F15)."""
    verifier = verifier_of(key("ES256", "next"))
    with pytest.raises(InvalidToken, match="header"):
        verifier.verify(access.issue(CLAIMS, key("ES256", "old")), issuer=ISSUER, now_seconds=NOW)


def test_without_keys_nothing_verifies() -> None:
    """Nothing is accepted by an empty verifier."""
    with pytest.raises(InvalidToken, match="header"):
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
    ],
)
def test_a_damaged_key_set_is_refused(document: str) -> None:
    """A function with half its keys would deny half its users: better none starts (Z14)."""
    with pytest.raises(ValueError, match=r".*"):
        keys_from_jwks(document)


def test_a_private_key_in_the_set_is_refused() -> None:
    """A leak is loud (K1)."""
    with pytest.raises(ValueError, match="private"):
        keys_from_jwks(json.dumps({"keys": [dict(key("ES256").jwk) | {"kid": "a"}]}))

"""The keys of a verifier: where they come from, when they end, and what a token of another one is told."""

import json

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.keys.jwk import VerificationKey, verification_key
from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import LEVELS
from edge_auth.tokens.verifier import MAX_TOKEN_CHARACTERS, UnknownKey, Verifier, keys_from_jwks
from tests.support.access_tokens import AUDIENCE, CLAIMS, ISSUER, NOW, key

OURS, OTHER = key("ES256"), key("ES256", "next")
GOOD = access.issue(CLAIMS, OURS)


def ending(at_seconds: int | None) -> VerificationKey:
    """Return our key with an end."""
    return verification_key(OURS.public_jwk())._replace(ends_at_seconds=at_seconds)


def verifier(*keys: VerificationKey) -> Verifier:
    """Return a verifier with these keys."""
    return Verifier(keys, audience=AUDIENCE)


@pytest.mark.parametrize(("end", "is_living"), [(None, True), (NOW + 1, True), (NOW, False), (NOW - 1, False)])
def test_a_key_verifies_until_its_end(end: int | None, *, is_living: bool) -> None:
    """K3: from that second on, its tokens are those of an unknown key, so the authorizer asks for the new ones."""
    keys = verifier(ending(end))

    assert (keys.has_keys, keys.has_living_key(NOW)) == (True, is_living)
    if is_living:
        assert keys.verify(GOOD, issuer=ISSUER, now_seconds=NOW) == CLAIMS
        return
    with pytest.raises(UnknownKey) as refused:
        keys.verify(GOOD, issuer=ISSUER, now_seconds=NOW)
    assert refused.value.kid == OURS.kid


def test_one_living_key_is_enough() -> None:
    """Without any, every token is refused."""
    other = verification_key(OTHER.public_jwk())

    assert verifier(ending(NOW), other).has_living_key(NOW)
    assert not verifier().has_living_key(NOW)
    assert not verifier().has_keys


def test_two_keys_of_one_id_are_refused() -> None:
    """It would be unclear which of them verifies. An id is the hash of its key, so one of them is forged."""
    with pytest.raises(ValueError, match="two keys"):
        verifier(ending(None), ending(NOW))


def test_a_withdrawn_key_is_an_unknown_one() -> None:
    """The others stay, and so does the audience."""
    other = verification_key(OTHER.public_jwk())
    keys = verifier(ending(None), other).without({OURS.kid})

    assert keys.verify(access.issue(CLAIMS, OTHER), issuer=ISSUER, now_seconds=NOW) == CLAIMS
    with pytest.raises(UnknownKey):
        keys.verify(GOOD, issuer=ISSUER, now_seconds=NOW)


def test_a_key_set_is_read_whole_or_not_at_all() -> None:
    """RFC 7517 §5. An empty text is a deployment that has no keys yet."""
    pair = [OURS.public_jwk(), OTHER.public_jwk()]

    assert [read.kid for read in keys_from_jwks(json.dumps({"keys": pair, "more": 1}))] == [OURS.kid, OTHER.kid]
    assert keys_from_jwks("") == keys_from_jwks('{"keys":[]}') == []


@pytest.mark.parametrize(
    "document", ["[]", "null", "{}", '"keys"', '{"keys":{}}', '{"keys":null}', "[" * 100_000, "{", '{"keys":[{}]}']
)
def test_what_is_no_key_set_is_refused(document: str) -> None:
    """And never read in part: a missing key would refuse good tokens."""
    with pytest.raises(ValueError, match=r".*"):
        keys_from_jwks(document)


def test_a_token_is_read_up_to_two_kib() -> None:
    """The bound is far above our own tokens, and far below what API Gateway lets through."""
    assert MAX_TOKEN_CHARACTERS == 2048
    for size, reason in ((2048, "shape"), (2049, "size")):
        with pytest.raises(InvalidToken, match=f"^{reason}$"):
            verifier(ending(None)).verify("a" * size, issuer=ISSUER, now_seconds=NOW)


def test_the_levels_of_a_login_have_their_names_in_every_release() -> None:
    """They are in sessions, in access tokens and in the settings of routes (OpenID Connect EAP ACR Values 1.0, §2)."""
    assert LEVELS == ("1fa", "2fa", "phr")

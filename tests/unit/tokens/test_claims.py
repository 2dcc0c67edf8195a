"""The claims of an access token."""

import json
import re

import pytest

from edge_auth.tokens.claims import (
    AUTHENTICATION_METHOD,
    CLIENT_ID,
    IDENTIFIER,
    LEVEL,
    LEVELS,
    ROLE,
    SCOPE,
    AccessClaims,
)
from tests.support.access_tokens import CLAIMS

ALWAYS = ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "auth_time"]


def test_payload_holds_the_contracts_claims_in_a_fixed_order() -> None:
    """A token has exactly these twelve claims (T1, T5)."""
    assert list(CLAIMS.payload()) == [*ALWAYS, "scope", "roles", "amr"]


def test_empty_optional_claims_are_left_out() -> None:
    """Without scope, roles or methods, the claims are absent."""
    assert list(CLAIMS._replace(scope="", roles=(), amr=()).payload()) == ALWAYS


@pytest.mark.parametrize("level", LEVELS)
def test_a_level_is_one_more_claim_and_changes_no_other(level: str) -> None:
    """RFC 9068 §2.2.1: the payload of a login with a level is the other one and, at its end, `acr`."""
    assert (
        json.dumps(CLAIMS._replace(acr=level).payload()) == json.dumps(CLAIMS.payload())[:-1] + f', "acr": "{level}"}}'
    )


def test_own_claims_are_the_last_and_change_no_other() -> None:
    """A user without own claims has a token as before, byte for byte."""
    own = CLAIMS._replace(own_claims={"acme:tenant": "7", "acme:teams": ("a", "b")}).payload()

    assert list(own.items())[:-2] == list(CLAIMS.payload().items())
    assert list(own.items())[-2:] == [("acme:tenant", "7"), ("acme:teams", ["a", "b"])]


def test_payload_has_only_texts_whole_numbers_and_lists_of_texts() -> None:
    """Times are integers (T2)."""
    payload = CLAIMS.payload()
    assert {type(payload[name]) for name in ("iat", "exp", "auth_time")} == {int}
    assert payload["roles"] == ["admin", "ops"]
    assert payload["amr"] == ["pwd"]


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        (IDENTIFIER, "a"),
        (IDENTIFIER, "A-_z" * 16),
        (CLIENT_ID, "first-party"),
        (CLIENT_ID, "a.b~c_d-e"),
        (SCOPE, "a"),
        (SCOPE, "a b c"),
        (SCOPE, "!#[]~"),
        (ROLE, "team:admin.read_only-x"),
        (AUTHENTICATION_METHOD, "pwd"),
        *[(LEVEL, level) for level in LEVELS],
    ],
)
def test_shapes_take_honest_values(shape: re.Pattern[str], text: str) -> None:
    """Each shape accepts normal values."""
    assert shape.fullmatch(text)


@pytest.mark.parametrize("shape", [IDENTIFIER, CLIENT_ID, SCOPE, ROLE, AUTHENTICATION_METHOD, LEVEL])
@pytest.mark.parametrize("text", ["", "a\n", "\na", "a\r\nb", "a\x00", 'a"', "a\\", "é", "a  b", " a", "a ", "\u2028"])
def test_shapes_refuse_what_means_something_elsewhere(shape: re.Pattern[str], text: str) -> None:
    """Every shape refuses empty text, control characters, quotes, backslashes, stray spaces and non-ASCII (T6)."""
    assert not shape.fullmatch(text)


@pytest.mark.parametrize(
    ("shape", "longest"), [(IDENTIFIER, 64), (CLIENT_ID, 128), (ROLE, 64), (AUTHENTICATION_METHOD, 16)]
)
def test_shapes_bound_the_length(shape: re.Pattern[str], longest: int) -> None:
    """One more character is refused (T6, T8)."""
    assert shape.fullmatch("a" * longest)
    assert not shape.fullmatch("a" * (longest + 1))


@pytest.mark.parametrize("text", ["a/b", "a.b", "a:b", "a b", "*", "+", "a=b"])
def test_identifiers_are_base64url_letters_only(text: str) -> None:
    """Identifiers are used in table keys, policies and log lines (T6)."""
    assert not IDENTIFIER.fullmatch(text)


def test_a_token_grants_nothing_that_it_was_not_given() -> None:
    """No scope, no role, no method, no level and no claim of the operators."""
    assert AccessClaims(*CLAIMS[:9])[9:] == ("", (), (), "", {})

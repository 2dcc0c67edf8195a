"""The strict verifier: the rules for each claim. All tokens here have a valid signature."""

import pytest

from edge_auth.tokens import access_token as access
from edge_auth.tokens.claims import LEVELS
from edge_auth.tokens.verifier import Verifier
from tests.support.access_tokens import (
    AUDIENCE,
    CLAIMS,
    ISSUER,
    NOW,
    key,
    payload,
    payload_without,
    signed_token,
)
from tests.support.refusals import refused

KEY = key("ES256")
GOOD = access.issue(CLAIMS, KEY)


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "client_id", "iat", "exp", "jti", "sid", "auth_time"])
def test_each_claim_must_be_there(verifier: Verifier, name: str) -> None:
    """None of the nine claims may be missing or null (T1, Z4)."""
    assert refused(verifier, signed_token(payload_without(name), signed_by=KEY)) == name
    assert refused(verifier, signed_token(payload(**{name: None}), signed_by=KEY)) == name


@pytest.mark.parametrize(
    "value",
    [
        ISSUER + "/",
        ISSUER.upper(),
        ISSUER + ".evil.example",
        "https://auth.example.co",
        "http://auth.example.com",
        " " + ISSUER,
        "",
        [ISSUER],
        {"iss": ISSUER},
        5,
        True,
    ],
)
def test_another_issuer_is_refused(verifier: Verifier, value: object) -> None:
    """The issuer is compared as a whole string (Z4)."""
    assert refused(verifier, signed_token(payload(iss=value), signed_by=KEY)) == "iss"


@pytest.mark.parametrize(
    "value", [AUDIENCE + "/", AUDIENCE.upper(), "", "*", [AUDIENCE], [AUDIENCE, "x"], ["x"], [], {"aud": 1}, 5, True]
)
def test_another_audience_is_refused(verifier: Verifier, value: object) -> None:
    """The audience is one string and must be ours. We do not issue lists (Z4)."""
    assert refused(verifier, signed_token(payload(aud=value), signed_by=KEY)) == "aud"


@pytest.mark.parametrize("name", ["iat", "exp", "auth_time", "nbf"])
@pytest.mark.parametrize("value", [True, False, str(NOW), "", [NOW], {"t": NOW}, -1, -NOW])
def test_times_are_whole_numbers(verifier: Verifier, name: str, value: object) -> None:
    """A flag, text, list, object or negative number is refused as a time (T2)."""
    assert refused(verifier, signed_token(payload(**{name: value}), signed_by=KEY)) == name


def test_the_first_second_is_a_time(verifier: Verifier) -> None:
    """RFC 7519 §2: times count from 1970, and that moment is one."""
    token = signed_token(payload(auth_time=0, nbf=0), signed_by=KEY)
    assert verifier.verify(token, issuer=ISSUER, now_seconds=NOW).auth_time == 0


@pytest.mark.parametrize(
    ("late", "accepted"), [(-1, True), (0, True), (4, True), (5, False), (6, False), (10**9, False)]
)
def test_expiry_has_five_seconds_of_leeway(verifier: Verifier, late: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """A token is valid for less than five seconds after `exp` (Z4)."""
    now = CLAIMS.exp + late
    if accepted:
        assert verifier.verify(GOOD, issuer=ISSUER, now_seconds=now) == CLAIMS
    else:
        assert refused(verifier, GOOD, now=now) == "exp"


@pytest.mark.parametrize(("ahead", "accepted"), [(0, True), (29, True), (30, True), (31, False), (3600, False)])
def test_issuing_has_thirty_seconds_of_leeway(verifier: Verifier, ahead: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """A token from the future is valid if the clock is up to thirty seconds behind (Z4, F23)."""
    now = CLAIMS.iat - ahead
    if accepted:
        assert verifier.verify(GOOD, issuer=ISSUER, now_seconds=now) == CLAIMS
    else:
        assert refused(verifier, GOOD, now=now) == "iat"


@pytest.mark.parametrize(("ahead", "accepted"), [(-100, True), (0, True), (30, True), (31, False), (10**9, False)])
def test_not_before_has_thirty_seconds_of_leeway(verifier: Verifier, ahead: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """We issue no `nbf`, but the verifier checks it if it is present (Z4)."""
    token = signed_token(payload(nbf=NOW + ahead), signed_by=KEY)
    if accepted:
        assert verifier.verify(token, issuer=ISSUER, now_seconds=NOW) == CLAIMS
    else:
        assert refused(verifier, token) == "nbf"


@pytest.mark.parametrize(("seconds", "accepted"), [(1, True), (3600, True), (3601, False), (10**9, False)])
def test_the_lifetime_is_bounded(verifier: Verifier, seconds: int, accepted: bool) -> None:  # noqa: FBT001 - a table
    """The lifetime is at most one hour, even if the token claims more (T2)."""
    token = signed_token(payload(exp=NOW + seconds), signed_by=KEY)
    if accepted:
        assert verifier.verify(token, issuer=ISSUER, now_seconds=NOW).exp == NOW + seconds
    else:
        assert refused(verifier, token) == "lifetime"


@pytest.mark.parametrize("seconds", [0, -1, -4])
def test_a_token_that_ends_before_it_begins_is_refused(verifier: Verifier, seconds: int) -> None:
    """The lifetime must be positive, with any leeway."""
    assert refused(verifier, signed_token(payload(exp=NOW + seconds), signed_by=KEY)) == "lifetime"


@pytest.mark.parametrize("name", ["sub", "jti", "sid", "client_id"])
@pytest.mark.parametrize("value", ["", "a b", "a\n", "a/b", "é", "a" * 129, "\x00", 5, True, ["a"], {"a": 1}])
def test_identifiers_have_their_shape(verifier: Verifier, name: str, value: object) -> None:
    """An identifier is a text of a safe alphabet and a limited length (T6, Z11)."""
    assert refused(verifier, signed_token(payload(**{name: value}), signed_by=KEY)) == name


@pytest.mark.parametrize("value", ["", " ", "a  b", " a", "a ", "a\tb", 'a"', "a\\b", "é", 5, True, None, ["a"], {}])
def test_scope_has_its_shape(verifier: Verifier, value: object) -> None:
    """A scope is words with one space between them (T5). An empty scope is refused; an absent one is allowed."""
    assert refused(verifier, signed_token(payload(scope=value), signed_by=KEY)) == "scope"


@pytest.mark.parametrize("name", ["roles", "amr"])
@pytest.mark.parametrize(
    "value", [[], "a", [""], ["a", ""], ["a b"], ["a\n"], ["a", 5], [True], [None], [["a"]], {"a": 1}, None, 5, ["é"]]
)
def test_lists_have_their_shape(verifier: Verifier, name: str, value: object) -> None:
    """A list has one or more short words."""
    assert refused(verifier, signed_token(payload(**{name: value}), signed_by=KEY)) == name


@pytest.mark.parametrize("level", LEVELS)
def test_each_level_is_read(verifier: Verifier, level: str) -> None:
    """The claims of a token with `acr` say the level of its login."""
    leveled = CLAIMS._replace(acr=level)
    assert verifier.verify(access.issue(leveled, KEY), issuer=ISSUER, now_seconds=NOW) == leveled


@pytest.mark.parametrize(
    "value",
    [
        "",
        "0fa",
        "3fa",
        "2FA",
        "Phr",
        "2fa ",
        " 2fa",
        "2fa\n",
        "1fa 2fa",
        "1fa|2fa",
        "2f",
        "2faa",
        "\uff12fa",
        ["2fa"],
        [],
        {"acr": "2fa"},
        None,
        True,
        2,
    ],
)
def test_a_level_is_one_that_we_issue(verifier: Verifier, value: object) -> None:
    """A level that we do not know has no place in the order of the others, so the whole token is refused."""
    assert refused(verifier, signed_token(payload(acr=value), signed_by=KEY)) == "acr"


@pytest.mark.parametrize("claim", ["sub", "jti", "sid"])
def test_identifiers_may_have_64_characters(verifier: Verifier, claim: str) -> None:
    """An identifier of 65 characters is refused (T6)."""
    longest = signed_token(payload(**{claim: "a" * 64}), signed_by=KEY)
    accepted = verifier.verify(longest, issuer=ISSUER, now_seconds=NOW)
    assert accepted.payload()[claim] == "a" * 64
    assert refused(verifier, signed_token(payload(**{claim: "a" * 65}), signed_by=KEY)) == claim

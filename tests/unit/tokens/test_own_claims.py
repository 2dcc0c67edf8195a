"""The operators' own claims: which names and values they may have, and how they are stored."""

import json
from typing import Any

import pytest

from edge_auth.tokens.claims import AccessClaims
from edge_auth.tokens.own_claims import MAX_NUMBER, as_text, from_json, only_own_claims, own_claims, to_json

EVERY_TYPE: dict[str, Any] = {
    "acme:tenant": "tenant 7, north",
    "https://example.com/level": -3,
    "acme:beta": True,
    "acme:teams": ["blue", "red/2"],
}
NO_NAMES = [
    *("tenant", "SUB", "Sub", "x_tenant", ":", ":tenant", "acme:", "Acme:tenant", "7:tenant", "_a:tenant"),
    *("acme :tenant", "acme:ten ant", "acme:tenant\n", "acme:té", 'acme:"', "acme:[0]", "acme:a=b", "acme:*"),
    *("a" * 33 + ":b", "a:" + "b" * 65, "", "acme:a,b", "acme:a#b", "acme:a%20", "acme:a\\b", "a\x00:b"),
]
NO_VALUES: list[Any] = [
    *(None, "", "a" * 129, 'a"', "a\\b", "a[b", "a]", "a\n", "\x00", "é", "\u2028", "\ud800"),
    *(1.5, 1.0, MAX_NUMBER + 1, -MAX_NUMBER - 1, 2**64, [], {}, {"a": "b"}, [[]], [["a"]], [None], [1], [True], [""]),
    *(["a b"], ["a" * 65], ["a", 1], ["é"], ["a]"]),
]


def test_every_type_is_an_own_claim() -> None:
    """A text, a whole number, a flag and a list of words, with a prefix or an address (RFC 7519 §4.2)."""
    assert only_own_claims(EVERY_TYPE) == {**EVERY_TYPE, "acme:teams": ("blue", "red/2")}


def test_what_has_no_colon_is_no_own_claim() -> None:
    """So an own claim is never one of ours or a registered one, in any case (RFC 7519 §4.1)."""
    ours = dict.fromkeys((*AccessClaims._fields, "nbf", "SUB", "Roles", "email", "cnf"), "root")

    assert own_claims({**ours, "acme:tenant": "7"}) == {"acme:tenant": "7"}
    for name in ours:
        with pytest.raises(ValueError, match="colon"):
            only_own_claims({name: "root"})


@pytest.mark.parametrize("name", NO_NAMES)
def test_a_name_of_another_form_is_refused(name: str) -> None:
    """A name goes into headers, templates and log lines, so no character has a meaning there."""
    with pytest.raises(ValueError, match=r"^the name of an own claim"):
        only_own_claims({name: "7"})


@pytest.mark.parametrize("value", NO_VALUES)
def test_a_value_of_another_form_is_refused(value: object) -> None:
    """The same for values. Numbers are those that every language has (RFC 8259 §6)."""
    with pytest.raises(ValueError, match=r"^an own claim is"):
        only_own_claims({"acme:tenant": value})


@pytest.mark.parametrize("value", ["a" * 128, " ", "1", "true", MAX_NUMBER, -MAX_NUMBER, 0, False, ["a" * 64]])
def test_the_bounds_themselves_are_allowed(value: object) -> None:
    """One more is refused, by the tests above."""
    assert list(only_own_claims({"a" * 32 + ":" + "b" * 64: value})) == ["a" * 32 + ":" + "b" * 64]


@pytest.mark.parametrize(
    ("claim", "text"), [("a b", "a b"), (7, "7"), (-7, "-7"), (True, "true"), (False, "false"), (("a", "b"), "a b")]
)
def test_each_claim_has_one_text(claim: Any, text: str) -> None:  # noqa: ANN401 - a row of the table
    """API Gateway passes on no lists, and some of its APIs no numbers."""
    assert as_text(claim) == text


def test_claims_are_stored_with_their_types() -> None:
    """What is read is what was written, and it is one JSON object."""
    claims = only_own_claims(EVERY_TYPE)

    assert from_json(to_json(claims)) == claims
    assert json.loads(to_json(claims)) == EVERY_TYPE


def test_the_largest_number_is_the_one_that_every_language_reads() -> None:
    """RFC 8259 §6: an IEEE 754 double tells this number from its neighbours, and no larger one."""
    assert MAX_NUMBER == 9_007_199_254_740_991
    assert float(MAX_NUMBER) != float(MAX_NUMBER + 1) == float(MAX_NUMBER + 2)


def test_claims_are_stored_without_spaces() -> None:
    """Each write of a user or a session is paid by its size."""
    assert to_json({"acme:tenant": "7", "acme:teams": ("a", "b")}) == '{"acme:tenant":"7","acme:teams":["a","b"]}'


@pytest.mark.parametrize(
    "stored",
    [
        *("", "null", "[]", '"a"', "{", '{"sub":"root"}', '{"acme:tenant":"7","sub":"root"}', '{"acme:tenant":1.0}'),
        *(
            '{"acme:tenant":NaN}',
            '{"acme:tenant":1,"acme:tenant":2}',
            '{"acme:tenant":{"a":1}}',
            '{"acme:tenant":null}',
        ),
    ],
)
def test_damaged_claims_are_not_read(stored: str) -> None:
    """An item that was edited by hand is damaged, and gives nobody a claim."""
    assert from_json('{"acme:tenant":"7"}') == {"acme:tenant": "7"}
    with pytest.raises(ValueError):  # noqa: PT011 - of several kinds
        from_json(stored)

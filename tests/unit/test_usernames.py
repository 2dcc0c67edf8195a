"""User names: one spelling for each."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.errors import UsernameRefused
from edge_auth.usernames import MAX_USERNAME_CHARACTERS, canonical_username


@pytest.mark.parametrize(
    "text", ["alice", "a", "7", "alice.o-neill_2+x@example.com", "ælfric", "名前", "हिन्दी", "a" * 128]
)
def test_plain_names_are_kept(text: str) -> None:
    """Letters, marks, digits and . _ - + @ of any script."""
    assert canonical_username(text) == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("alice", "ALICE"),
        ("alice", "AlIcE"),
        ("alice", "\uff21\uff2c\uff29\uff23\uff25"),
        ("caf\u00e9", "cafe\u0301"),
        ("strasse", "stra\u00dfe"),
        ("fine", "\ufb01ne"),
        ("\u03c3", "\u03c2"),
        ("k", "\u212a"),
        ("2", "\u00b2"),
    ],
)
def test_names_that_look_alike_are_one_name(one: str, other: str) -> None:
    """Case, width, ligatures, accents and compatible letters do not make a second account."""
    assert canonical_username(other) == canonical_username(one)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        " alice",
        "alice ",
        "al ice",
        "alice\n",
        "alice\x00",
        "alice\t",
        "alice#1",
        "user#x",
        "a/b",
        "a\\b",
        'a"b',
        "a'b",
        "a*b",
        "a%b",
        "a:b",
        "a;b",
        "<alice>",
        "alice\u200b",
        "ali\u00adce",
        "\u202ealice",
        "\ufeffalice",
        "\ud800",
        "a" * 129,
        "a" * 100_000,
    ],
)
def test_other_characters_and_lengths_are_refused(text: str) -> None:
    """No separators, controls, invisible characters or symbols, and 128 characters at most."""
    with pytest.raises(UsernameRefused):
        canonical_username(text)


def test_a_name_that_grows_over_the_bound_is_refused() -> None:
    """One ligature can become many letters; what counts is the stored spelling too."""
    assert canonical_username("\ufb03" * 42) == "ffi" * 42
    with pytest.raises(UsernameRefused):
        canonical_username("\ufb03" * MAX_USERNAME_CHARACTERS)


@given(st.text(min_size=1, max_size=24))
def test_the_one_spelling_is_its_own(text: str) -> None:
    """A stored name, entered as it is stored, finds itself."""
    try:
        name = canonical_username(text)
    except UsernameRefused:
        return
    assert canonical_username(name) == name


def test_every_single_character_has_one_spelling() -> None:
    """All of Unicode, one by one: whatever is allowed is stable under a second spelling."""
    unstable = []
    for character in map(chr, range(0x110000)):
        try:
            name = canonical_username(character)
        except UsernameRefused:
            continue
        if canonical_username(name) != name:
            unstable.append(character)
    assert unstable == []

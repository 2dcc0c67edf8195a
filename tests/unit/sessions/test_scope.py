"""The part of a scope that a refresh may ask for."""

import pytest

from edge_auth.errors import InvalidScope
from edge_auth.sessions.scope import MAX_SCOPE_CHARACTERS, narrowed, wanted_words


@pytest.mark.parametrize(
    ("requested", "words"),
    [
        ("", ()),
        ("read", ("read",)),
        ("write read", ("write", "read")),
        ("read read write read", ("read", "write")),
        ("a" * MAX_SCOPE_CHARACTERS, ("a" * MAX_SCOPE_CHARACTERS,)),
    ],
)
def test_a_scope_is_its_words(requested: str, words: tuple[str, ...]) -> None:
    """RFC 6749 §3.3: words with a space between, in any order; one that comes twice counts once (A4)."""
    assert wanted_words(requested) == words


@pytest.mark.parametrize(
    "requested",
    [" ", "read ", " read", "read  write", "read\twrite", 'read "x"', "back\\slash", "ré", "read\n", "\x00"],
)
def test_what_is_no_scope_is_more_than_any_session_has(requested: str) -> None:
    """It is refused where a wider scope is, whatever the session has (A4)."""
    for scope in ("", "read", "read write", "x"):
        with pytest.raises(InvalidScope):
            narrowed(scope, wanted_words(requested))


def test_a_scope_that_is_longer_than_any_is_one_word() -> None:
    """The condition that it becomes stays small, however long the request is."""
    requested = " ".join(["a"] * MAX_SCOPE_CHARACTERS)
    assert wanted_words(requested) == (requested,)
    with pytest.raises(InvalidScope):
        narrowed("a", wanted_words(requested))


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [
        ((), "read write admin"),
        (("admin",), "admin"),
        (("admin", "read"), "read admin"),
        (("write", "admin", "read"), "read write admin"),
    ],
)
def test_words_are_granted_in_the_sessions_order(wanted: tuple[str, ...], granted: str) -> None:
    """A4: less than the session has, or as much."""
    assert narrowed("read write admin", wanted) == granted


@pytest.mark.parametrize("wanted", [("rea",), ("reads",), ("READ",), ("read", "delete"), ("read write",)])
def test_a_word_that_the_session_lacks_is_refused(wanted: tuple[str, ...]) -> None:
    """A4: whole words count, to the letter, and one that is missing refuses all."""
    with pytest.raises(InvalidScope):
        narrowed("read write", wanted)


def test_a_session_without_scope_has_none_to_give() -> None:
    """A4: all of nothing is nothing; any word is too many."""
    assert narrowed("", ()) == ""
    with pytest.raises(InvalidScope):
        narrowed("", ("read",))

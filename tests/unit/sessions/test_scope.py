"""The part of its scope for which a refresh may ask."""

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
        (f"b {'a' * (MAX_SCOPE_CHARACTERS - 2)}", ("b", "a" * (MAX_SCOPE_CHARACTERS - 2))),
    ],
)
def test_a_scope_is_its_words(requested: str, words: tuple[str, ...]) -> None:
    """RFC 6749 §3.3: words are separated by one space, in any order. A repeated word counts once (A4)."""
    assert wanted_words(requested) == words


@pytest.mark.parametrize(
    "requested",
    [" ", "read ", " read", "read  write", "read\twrite", 'read "x"', "back\\slash", "ré", "read\n", "\x00"],
)
def test_a_malformed_scope_is_refused_by_every_session(requested: str) -> None:
    """A malformed scope is refused like a scope that is too wide, for any session (A4)."""
    for scope in ("", "read", "read write", "x"):
        with pytest.raises(InvalidScope):
            narrowed(scope, wanted_words(requested))


def test_a_scope_that_is_longer_than_any_is_one_word() -> None:
    """The conditional write stays small for a request of any length."""
    assert MAX_SCOPE_CHARACTERS == 200
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
    """A4: the granted scope is part or all of the session's scope."""
    assert narrowed("read write admin", wanted) == granted


@pytest.mark.parametrize("wanted", [("rea",), ("reads",), ("READ",), ("read", "delete"), ("read write",)])
def test_a_word_that_the_session_lacks_is_refused(wanted: tuple[str, ...]) -> None:
    """A4: only whole words match, exactly, and one missing word refuses the request."""
    with pytest.raises(InvalidScope):
        narrowed("read write", wanted)


def test_a_session_without_scope_has_none_to_give() -> None:
    """A4: an empty request is granted, and any word is refused."""
    assert narrowed("", ()) == ""
    with pytest.raises(InvalidScope):
        narrowed("", ("read",))

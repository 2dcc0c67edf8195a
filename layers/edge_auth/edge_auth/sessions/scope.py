"""The scope that a refresh may ask for: the scope of its session or less, never more (RFC 6749 §6). Pure."""

from edge_auth.errors import InvalidScope
from edge_auth.tokens.claims import SCOPE

MAX_SCOPE_CHARACTERS = 200  # no session has more: scope and roles of an account share 200 bytes


def wanted_words(requested: str) -> tuple[str, ...]:
    """Return the words of a requested scope. No words mean the whole scope of the session.

    A malformed scope is kept as one impossible word. So the session refuses it like any scope that is too wide, and
    only for a token that is redeemable.
    """
    if not requested:
        return ()
    if len(requested) > MAX_SCOPE_CHARACTERS or not SCOPE.fullmatch(requested):
        return (requested,)
    return tuple(dict.fromkeys(requested.split(" ")))


def narrowed(scope: str, wanted: tuple[str, ...]) -> str:
    """Return the wanted words of a session's scope, in the session's order. Raises InvalidScope."""
    if not wanted:
        return scope
    words = scope.split(" ")
    if not set(wanted) <= set(words):
        raise InvalidScope("more than the session's scope")
    return " ".join(word for word in words if word in wanted)

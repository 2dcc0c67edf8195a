"""Reads a user who may not be there: whom a request names, and whom a token or a session names."""

from edge_auth.accounts.identity import ACTIVE, Identity
from edge_auth.errors import InvalidToken, UnknownUser
from edge_auth.flows.ports.identities import Identities


def user_named(identities: Identities, username: str) -> Identity | None:
    """Return the user with this name in its one spelling, or None. Raises TemporarilyUnavailable."""
    try:
        return identities.find(username)
    except UnknownUser:
        return None


def active_user(identities: Identities, user_id: str) -> Identity | None:
    """Return the user with this id, or None for one who is not active or is gone. Raises TemporarilyUnavailable."""
    try:
        user = identities.find_by_id(user_id)
    except UnknownUser:
        return None
    return user if user.status == ACTIVE else None


def callers_user(identities: Identities, user_id: str) -> Identity:
    """Return the active user of a caller, whose access token may outlive it.

    Raises:
        InvalidToken: the user is disabled or gone.
        TemporarilyUnavailable: nothing was decided.

    """
    try:
        user = identities.find_by_id(user_id)
    except UnknownUser:
        raise InvalidToken("the user is gone") from None
    if user.status != ACTIVE:
        raise InvalidToken("the user is disabled")
    return user

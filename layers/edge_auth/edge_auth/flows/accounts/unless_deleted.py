"""What an operator's act on a user says, if the user is not there any more."""

from collections.abc import Iterator
from contextlib import contextmanager

from edge_auth.errors import UnknownUser, UserChanged


@contextmanager
def unless_deleted() -> Iterator[None]:
    """Raise UserChanged in the place of UnknownUser."""
    try:
        yield
    except UnknownUser:
        raise UserChanged("the user was deleted or renamed meanwhile; nothing was changed") from None

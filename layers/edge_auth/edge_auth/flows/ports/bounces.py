"""The addresses that mails came back from."""

from typing import Protocol

from edge_auth.accounts.identity import Identity


class AddressGone(Exception):
    """The user has another address by now, or was deleted. There is nothing to mark."""


class Bounces(Protocol):
    """The marks."""

    def mark(self, user_id: str, address: str, *, reason: str, now_seconds: int) -> None:
        """Mark the address of a user, if it still is the user's. The first time and its reason stand.

        Raises:
            AddressGone: it is not.
            TemporarilyUnavailable: it is not known to be marked. The same call may be made again.

        """

    def clear(self, identity: Identity) -> None:
        """Take the mark away. It is no error if there is none. Raises UnknownUser."""

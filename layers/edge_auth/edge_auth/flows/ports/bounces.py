"""The addresses that mails came back from."""

from typing import Protocol


class AddressGone(Exception):
    """The user has another address by now, or was deleted. There is nothing to mark."""


class Bounces(Protocol):
    """The marks."""

    def mark(self, user_id: str, address: str, *, now_seconds: int) -> None:
        """Mark the address of a user, if it still is the user's. The first time stands.

        Raises:
            AddressGone: it is not.
            TemporarilyUnavailable: it is not known to be marked. The same call may be made again.

        """

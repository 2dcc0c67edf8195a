"""The system from which users come one by one."""

from typing import NamedTuple, Protocol


class OldUser(NamedTuple):
    """What the old system says of a user: an address, empty if there is none, and whether it was confirmed there."""

    email: str
    email_verified: bool


class OldSystem(Protocol):
    """Says whether a password is right there."""

    def authenticate(self, username: str, password: str) -> OldUser:
        """Check a password there, as it was received.

        Raises:
            InvalidCredentials: the password is wrong there, or there is no such user.
            TemporarilyUnavailable: it did not say; it may have compared the password.

        """

"""The feed of ended sessions, which authorizers read. Where it is off, use cases get None in its place."""

from collections.abc import Iterable
from typing import Protocol


class Revocations(Protocol):
    """Writes the feed. Every act may be repeated, at any time, by many writers at once: nothing is lost or doubled."""

    def publish(self, session_ids: Iterable[str]) -> None:
        """Tell every authorizer that these sessions have ended. None of them is no request.

        Raises:
            TemporarilyUnavailable: some of them are not known to be in the feed; the same call may be made again.

        """

    def withdraw_keys(self, kids: Iterable[str], *, until_seconds: int) -> None:
        """Tell every authorizer that these signing keys verify nothing any more.

        From `until_seconds` on, no authorizer has one of these keys. What was said of earlier ones goes on to hold.

        Raises:
            TemporarilyUnavailable: they are not known to be in the feed; the same call may be made again.

        """

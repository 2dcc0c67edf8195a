"""The port `Bounces` in memory. It passes the same contract suite as the DynamoDB adapter."""

from dataclasses import replace

from edge_auth.accounts.identity import Identity
from edge_auth.errors import UnknownUser
from edge_auth.flows.ports.bounces import AddressGone
from tests.support.fakes.stores import Mark, MemoryStore


class MemoryBounces:
    """The port `Bounces`."""

    def __init__(self, store: MemoryStore) -> None:
        """Use this store."""
        self._store = store

    def mark(self, user_id: str, address: str, *, reason: str, now_seconds: int) -> None:  # noqa: ARG002 - nothing reads the reason
        """Mark the address, if it is the user's. The first time stands."""
        with self._store.lock:
            found = [
                user for user in self._store.identities.values() if (user.user_id, user.email) == (user_id, address)
            ]
            if not found:
                raise AddressGone
            [user] = found
            if not user.email_bounced_at_seconds:
                self._store.marks[user_id] = Mark(address, now_seconds)
                self._store.identities[user.username] = replace(user, email_bounced_at_seconds=now_seconds)

    def clear(self, identity: Identity) -> None:
        """Take the mark away."""
        with self._store.lock:
            user = self._store.identities.get(identity.username)
            if user is None or user.user_id != identity.user_id:
                raise UnknownUser("there is no such user")
            self._store.marks.pop(user.user_id, None)
            self._store.identities[user.username] = replace(user, email_bounced_at_seconds=0)

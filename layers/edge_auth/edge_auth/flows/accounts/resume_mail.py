"""The operators' act that lets mails go to an address again, from which mails had come back."""

from edge_auth.accounts.identity import Identity
from edge_auth.events.security_event import EventName, Record, SecurityEvent
from edge_auth.flows.accounts.unless_deleted import unless_deleted
from edge_auth.flows.ports.bounces import Bounces


class ResumeMail:
    """The use case."""

    def __init__(self, *, bounces: Bounces, record: Record) -> None:
        """Keep what the use case needs."""
        self._bounces = bounces
        self._record = record

    def __call__(self, identity: Identity) -> None:
        """Take the mark of the user's address away. It is no error if there is none.

        Raises:
            UserChanged: the user was deleted or renamed meanwhile; nothing was changed.
            TemporarilyUnavailable: the outcome is unknown. The same call may be made again.

        """
        with unless_deleted():
            self._bounces.clear(identity)
        self._record(SecurityEvent(EventName.MAIL_RESUMED, identity.user_id))

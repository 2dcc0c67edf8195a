"""Announcements: what wants a person's attention is told to others too, and never at a client's cost."""

from collections.abc import Callable

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import WANTS_ATTENTION, EventName, Record, SecurityEvent

Announce = Callable[[SecurityEvent], None]
"""Tells others of an event. Raises TemporarilyUnavailable."""


def announcing(record: Record, announce: Announce) -> Record:
    """Return a record that also announces. What cannot be announced is recorded as such, and changes nothing else."""

    def both(event: SecurityEvent) -> None:
        record(event)
        if event.name not in WANTS_ATTENTION:
            return
        try:
            announce(event)
        except TemporarilyUnavailable as error:
            record(SecurityEvent(EventName.NOT_ANNOUNCED, event.user_id, event.session_id, reason=error.detail))

    return both

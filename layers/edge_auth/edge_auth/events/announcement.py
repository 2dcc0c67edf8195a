"""Announcements: events that want a person's attention are told to others too. They never cost a client its answer."""

from collections.abc import Callable

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent

Announce = Callable[[SecurityEvent], None]
"""Tells others of an event. Raises TemporarilyUnavailable."""


def announcing(record: Record, announce: Announce) -> Record:
    """Return a record that also announces. An announcement that fails is recorded, and changes nothing else."""

    def both(event: SecurityEvent) -> None:
        record(event)
        if not event.name.wants_attention:
            return
        try:
            announce(event)
        except TemporarilyUnavailable as error:
            record(SecurityEvent(EventName.NOT_ANNOUNCED, event.user_id, event.session_id, reason=error.detail))

    return both

"""Announces events that want a person's attention. A failed announcement never costs a client its answer."""

from collections.abc import Callable

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, Record, SecurityEvent

Announce = Callable[[SecurityEvent], None]
"""Announces an event on a bus. Raises TemporarilyUnavailable."""


def announcing(record: Record, announce: Announce) -> Record:
    """Return a `Record` that also announces. A failed announcement is recorded, and changes nothing else."""

    def both(event: SecurityEvent) -> None:
        record(event)
        if not event.wants_attention:
            return
        try:
            announce(event)
        except TemporarilyUnavailable as error:
            record(SecurityEvent(EventName.NOT_ANNOUNCED, event.user_id, event.session_id, reason=error.detail))

    return both

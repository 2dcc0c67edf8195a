"""Announces on the event bus of the stack what operators do to users. The durable record is `audit_log`."""

from collections.abc import Callable

from edge_auth.adapters.aws import events_client
from edge_auth.adapters.event_bus import EventBus
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import Record, SecurityEvent


def announcer(bus: str, warn: Callable[[str], None]) -> Record:
    """Return a function that announces each event on the bus with this ARN. An empty ARN means that there is no bus.

    An event that cannot be announced is a warning: the command continues.
    """
    if not bus:
        return lambda _event: None
    announce = EventBus(events_client(), bus=bus)

    def record(event: SecurityEvent) -> None:
        try:
            announce(event)
        except TemporarilyUnavailable as error:
            warn(
                f"edge-auth: warning: the event {event.name} was not announced on the event bus ({error.detail}); "
                "the command continues"
            )

    return record

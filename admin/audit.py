"""Announces on the event bus of the stack what operators do to users.

Without a bus these events are not recorded. CloudTrail records calls to the tables only where the account logs
DynamoDB data events, which is not the default.
"""

import sys

from edge_auth.adapters.aws import events_client
from edge_auth.adapters.event_bus import EventBus
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import Record, SecurityEvent


def recorder(bus: str) -> Record:
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
            print(
                f"edge-auth: warning: the event {event.name} was not announced on the event bus ({error.detail}); "
                "the command continues",
                file=sys.stderr,
            )

    return record

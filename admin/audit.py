"""What operators did, told to the deployment's event bus where there is one. CloudTrail has the calls in any case."""

import sys

from edge_auth.adapters.aws import events_client
from edge_auth.adapters.event_bus import EventBus
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import Record, SecurityEvent


def recorder(bus: str) -> Record:
    """Return what puts each event on the bus of this ARN. Without one, or where it fails, the act is done anyway."""
    if not bus:
        return lambda _event: None
    announce = EventBus(events_client(), bus=bus)

    def record(event: SecurityEvent) -> None:
        try:
            announce(event)
        except TemporarilyUnavailable as error:
            print(f"edge-auth: {event.name} was not announced ({error.detail})", file=sys.stderr)

    return record

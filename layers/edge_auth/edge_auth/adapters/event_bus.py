"""Sends security events to EventBridge, so that a team can react to an event that wants attention."""

import json
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import translated_failures
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import SecurityEvent

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

SOURCE = "edge-auth"


class EventBus:
    """The port `events.announcement.Announce`."""

    def __init__(self, client: "EventBridgeClient", *, bus: str) -> None:
        """Put events on the bus of this ARN."""
        self._client = client
        self._bus = bus

    def __call__(self, event: SecurityEvent) -> None:
        """Put one event. `detail-type` is its name, and `detail` has its fields."""
        detail = {"name": event.name.value, **event.fields()}
        entry = {"EventBusName": self._bus, "Source": SOURCE, "DetailType": event.name.value}
        with translated_failures():
            response = self._client.put_events(Entries=[{**entry, "Detail": json.dumps(detail)}])  # type: ignore[typeddict-item]  # a mapping of texts
        if response.get("FailedEntryCount", 1):
            raise TemporarilyUnavailable("PutEvents: the event was refused")

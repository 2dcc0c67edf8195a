"""Announces on the event bus what operators do to users, and tells these users. The durable record is `audit_log`."""

import secrets
from collections.abc import Callable
from typing import TYPE_CHECKING

from edge_auth.adapters.aws import events_client
from edge_auth.adapters.dynamodb.notices import DynamoDBNotices
from edge_auth.adapters.event_bus import EventBus
from edge_auth.clock import now_ms
from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import Record, SecurityEvent
from edge_auth.flows.accounts.administration import OperatorNotices
from edge_auth.flows.tell_user import TellUser

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


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


def operator_notices(dynamodb: "DynamoDBClient", challenges_table: str, warn: Callable[[str], None]) -> OperatorNotices:
    """Return what tells users by mail of what operators do to them. A mail that cannot be asked for is a warning."""

    def not_told(event: SecurityEvent) -> None:
        warn(f"edge-auth: warning: the user is not told by mail ({event.reason})")

    notices = DynamoDBNotices(dynamodb, table=challenges_table)
    tell = TellUser(notices=notices, clock=now_ms, entropy=secrets.token_bytes, record=not_told)
    return OperatorNotices(tell.new_password, tell.new_address, tell.factors_reset)

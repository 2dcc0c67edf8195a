"""The operators' acts are announced on the deployment's event bus."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from admin.announcements import announcer
from edge_auth.events.security_event import EventName, SecurityEvent
from tests.admin.aws import Fresh, Run

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/SecurityEventBus"
EVENT = SecurityEvent(EventName.USER_DISABLED, "user")


class Events:
    """A fake of EventBridge's client."""

    def __init__(self) -> None:
        """Begin without an event."""
        self.entries: list[dict[str, Any]] = []
        self.is_down = False

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, int]:  # noqa: N803 - AWS's own name
        """Keep the events, or fail."""
        if self.is_down:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "planted"}}, "PutEvents")
        self.entries += Entries
        return {"FailedEntryCount": 0}


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> Events:
    """Return the bus."""
    events = Events()
    monkeypatch.setattr("admin.announcements.events_client", lambda: events)
    return events


def test_an_act_is_put_on_the_bus(events: Events) -> None:
    """The act of an operator is announced with its name and its user."""
    announcer(BUS, print)(EVENT)

    [entry] = events.entries
    assert (entry["EventBusName"], entry["DetailType"]) == (BUS, "user_disabled")
    assert entry["Detail"] == '{"name": "user_disabled", "user_id": "user"}'


def test_without_a_bus_no_call_is_made(events: Events) -> None:
    """Without a bus no event is sent."""
    announcer("", print)(EVENT)

    assert events.entries == []


def test_trouble_with_the_bus_is_said_and_no_more(events: Events, capsys: pytest.CaptureFixture[str]) -> None:
    """A failure of the bus is one line, and raises no exception."""
    events.is_down = True

    announcer(BUS, print)(EVENT)

    assert capsys.readouterr().out == (
        "edge-auth: warning: the event user_disabled was not announced on the event bus "
        "(PutEvents: ThrottlingException); the command continues\n"
    )


def test_a_command_announces_its_act(fresh: Fresh, run: Run) -> None:
    """The command finds the bus among the parameters of the stack. It tells the act, and the sessions that it ended."""
    aws = fresh()
    aws.bus = BUS

    assert run("users", "disable", "ada").status == 0

    assert aws.calls.count("eventbridge:PutEvents") == 2

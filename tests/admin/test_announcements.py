"""The operators' acts are announced on the deployment's event bus."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from admin.announcements import announcer
from edge_auth.events.security_event import EventName, SecurityEvent
from tests.admin.aws import Fresh, Run
from tests.admin.every_command import ACTS, EXPORTS

BUS = "arn:aws:events:us-east-1:123456789012:event-bus/SecurityEventBus"
ENDED = "all_sessions_ended"
# The events of each act on users, in their order.
ANNOUNCED = {
    "create": ["user_created"],
    "set-password": ["password_set", ENDED],
    "set-rights": ["rights_set", ENDED],
    "set-email": ["email_set"],
    "resume-mail": ["mail_resumed"],
    "disable": ["user_disabled", ENDED],
    "enable": ["user_enabled"],
    "unlock": ["user_unlocked"],
    "set-claims": ["claims_set", ENDED],
    "rename": ["user_renamed"],
    "unlock-factor": ["factor_unlocked"],
    "reset-factors": ["factors_reset", ENDED],
    "end-sessions": [ENDED],
    "delete": [ENDED, "user_deleted"],
    "end-all-sessions": [ENDED],
}
# They have no event, or their function announces it.
ANNOUNCE_NOTHING = ACTS.keys() - ANNOUNCED.keys()
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


def test_every_act_that_changes_something_is_in_the_table() -> None:
    """A new act needs a line there. Those without one change no user, or only add some, or are of keys."""
    assert {"reset-link", *EXPORTS, "import", "rotate", "replace", "publish", "adopt"} == ANNOUNCE_NOTHING


@pytest.mark.parametrize("name", ANNOUNCED)
def test_a_command_announces_its_act(fresh: Fresh, run: Run, events: Events, name: str) -> None:
    """The command finds the bus among the parameters of the stack. It tells the act, and the sessions that it ended."""
    fresh().bus = BUS

    assert run(*ACTS[name]).status == 0

    assert [(entry["EventBusName"], entry["DetailType"]) for entry in events.entries] == [
        (BUS, event) for event in ANNOUNCED[name]
    ]


@pytest.mark.parametrize("name", sorted(ANNOUNCE_NOTHING))
def test_what_has_no_event_of_a_user_announces_none(fresh: Fresh, run: Run, events: Events, name: str) -> None:
    """No event of another act is told by mistake."""
    fresh().bus = BUS

    assert run(*ACTS[name]).status == 0

    assert events.entries == []


def test_the_command_sends_the_events_to_eventbridge(fresh: Fresh, run: Run) -> None:
    """Each event is a request."""
    aws = fresh()
    aws.bus = BUS

    assert run("users", "disable", "ada").status == 0

    assert aws.calls.count("eventbridge:PutEvents") == 2

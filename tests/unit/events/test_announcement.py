"""Announcements: events that want attention are also sent to the event bus."""

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.announcement import announcing
from edge_auth.events.security_event import EventName, SecurityEvent


@pytest.mark.parametrize("name", list(EventName))
def test_only_what_wants_attention_is_announced(name: EventName) -> None:
    """Every event is recorded. Only some are announced: a reuse is, an ordinary login is not."""
    recorded: list[SecurityEvent] = []
    announced: list[SecurityEvent] = []
    event = SecurityEvent(name, "user", "session", reason="why")

    announcing(recorded.append, announced.append)(event)

    assert recorded == [event]
    assert announced == ([event] if name.wants_attention else [])


@pytest.mark.parametrize("same_client", [True, False])
@pytest.mark.parametrize("same_network", [True, False])
def test_a_late_retry_from_elsewhere_is_announced(same_client: bool, same_network: bool) -> None:  # noqa: FBT001 - facts
    """If neither the client nor the network is the same, a person should know of it."""
    announced: list[SecurityEvent] = []
    event = SecurityEvent(
        EventName.REFRESH_RETRIED_LATE, "user", "session", same_client=same_client, same_network=same_network
    )

    announcing(lambda _event: None, announced.append)(event)

    assert announced == ([] if same_client or same_network else [event])


def test_what_cannot_be_announced_is_recorded_and_told() -> None:
    """An outage of the bus does not stop the flow, and operators see it in the log."""
    recorded: list[SecurityEvent] = []

    def announce(_event: SecurityEvent) -> None:
        raise TemporarilyUnavailable("PutEvents: ThrottlingException")

    event = SecurityEvent(EventName.REFRESH_TOKEN_REUSED, "user", "session")
    announcing(recorded.append, announce)(event)

    told = SecurityEvent(EventName.NOT_ANNOUNCED, "user", "session", reason="PutEvents: ThrottlingException")
    assert recorded == [event, told]
    assert not told.name.wants_attention, "or it would be announced in turn"

"""The end of all sessions, while others end or replace some of them at the same time."""

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.flows.sessions.end_sessions import MAX_ROUNDS
from tests.support.deployment import Deployment
from tests.support.fakes.stores import MemorySessions


def let_others_end(monkeypatch: pytest.MonkeyPatch, times: int) -> list[str]:
    """Let the first ends of a store find their session ended by somebody else. Return what becomes of each end."""
    outcomes, end = list[str](), MemorySessions.end

    def racing(sessions: MemorySessions, *arguments: object, **named: object) -> None:
        if len(outcomes) < times:
            outcomes.append("raced")
            raise AlreadyEnded
        outcomes.append("ended")
        end(sessions, *arguments, **named)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(MemorySessions, "end", racing)
    return outcomes


@pytest.mark.parametrize("races", [1, 4])
def test_after_a_race_the_sessions_are_read_again(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, races: int
) -> None:
    """A step-up may have put another session in the place of the one that was read. The end is recorded once."""
    deployment.log_in()
    deployment.names()
    outcomes = let_others_end(monkeypatch, races)

    ended = deployment.end_sessions.all(deployment.alice.user_id, reason="operator", keep="kept")

    assert (ended, deployment.store.sessions, outcomes) == (1, {}, ["raced"] * races + ["ended"])
    event = SecurityEvent(EventName.ALL_SESSIONS_ENDED, deployment.alice.user_id, "kept", reason="operator")
    assert deployment.events == [event]


def test_the_ends_of_all_rounds_are_counted(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator reads how many sessions have ended."""
    for _ in range(3):
        deployment.log_in()
    outcomes = let_others_end(monkeypatch, 1)

    assert deployment.end_sessions.all(deployment.alice.user_id, reason="operator") == 3
    assert outcomes == ["raced", "ended", "ended", "ended"]
    told = SecurityEvent(EventName.ALL_SESSIONS_ENDED, deployment.alice.user_id, reason="operator")
    assert told in deployment.events


def test_after_five_races_the_act_is_to_be_repeated(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is recorded, because some session may live."""
    deployment.log_in()
    deployment.names()
    outcomes = let_others_end(monkeypatch, MAX_ROUNDS)

    with pytest.raises(TemporarilyUnavailable):
        deployment.end_sessions.all(deployment.alice.user_id, reason="operator")
    assert (outcomes, deployment.names()) == (["raced"] * 5, [])
    assert deployment.end_sessions.all(deployment.alice.user_id, reason="operator") == 1

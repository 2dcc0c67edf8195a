"""The end of all sessions, while others end or replace some of them at the same time."""

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.flows.sessions.end_sessions import MAX_ROUNDS
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.session import SeenSession
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


def test_the_callers_own_session_ends_when_all_others_have_ended(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another session is replaced by a step-up after it was read, and the next read fails.

    The caller's session still lives then: the repeated call finds it, and the replacement too.
    """
    own, other = deployment.log_in(), deployment.log_in()
    reads, to_end = list[list[SeenSession]](), MemorySessions.to_end
    key = (deployment.alice.user_id, other.session_id)

    def then_the_other_steps_up(sessions: MemorySessions, user_id: str) -> list[SeenSession]:
        if len(reads) == 1:
            reads.append([])
            raise TemporarilyUnavailable("the second read")
        reads.append(to_end(sessions, user_id))
        if len(reads) == 1:
            stepped_up = deployment.store.sessions.pop(key)._replace(session_id="stepped up")
            deployment.store.sessions[stepped_up.user_id, stepped_up.session_id] = stepped_up
        return reads[-1]

    monkeypatch.setattr(MemorySessions, "to_end", then_the_other_steps_up)
    with pytest.raises(TemporarilyUnavailable):
        deployment.logout(own.refresh_token, Reach.ALL)
    assert deployment.living() == 2

    deployment.logout(own.refresh_token, Reach.ALL)

    assert deployment.living() == 0
    assert deployment.end_of(own).reason == "logout_all"


def test_a_race_for_the_callers_own_session_is_a_further_round(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have been replaced by a step-up too."""
    own = deployment.log_in()
    outcomes = let_others_end(monkeypatch, 1)

    deployment.logout(own.refresh_token, Reach.ALL)

    assert (outcomes, deployment.store.sessions) == (["raced", "ended"], {})

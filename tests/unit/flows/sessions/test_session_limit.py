"""The limit of sessions per user: the oldest sessions beyond it end, and no login fails because of it."""

from dataclasses import replace

import pytest

from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.flows.sessions.logout import Reach
from edge_auth.flows.sessions.session_limit import MAX_ENDS
from edge_auth.sessions.session import Endable
from tests.support.deployment import IDLE_SECONDS, PASSWORD, Deployment


def logins(deployment: Deployment, count: int) -> list[TokenGrant]:
    """Log in this number of times, one after another."""
    grants = []
    for _ in range(count):
        deployment.clock.advance(ms=20)
        grants.append(deployment.log_in())
    return grants


def living(deployment: Deployment) -> set[str]:
    """Return the ids of all living sessions."""
    now = deployment.clock() // 1000
    return {session.session_id for session in deployment.store.sessions.values() if session.is_live(now)}


@pytest.mark.parametrize("limit", [1, 2, 20])
def test_the_oldest_end_and_the_newest_stay(deployment: Deployment, limit: int) -> None:
    """Up to the limit no session ends. Beyond it, each login ends the oldest (ASVS 7.1.2)."""
    deployment.max_sessions = limit
    grants = logins(deployment, limit + 3)
    assert living(deployment) == {granted.session_id for granted in grants[-limit:]}
    assert {deployment.end_of(granted).reason for granted in grants[:3]} == {"session_limit"}
    assert deployment.is_dead(grants[0])
    assert not deployment.is_dead(grants[-1])


def test_one_is_single_session_mode(deployment: Deployment) -> None:
    """Each login ends the session before it, even within one second, and never its own."""
    deployment.max_sessions = 1
    for _ in range(50):
        [granted] = logins(deployment, 1)
        assert living(deployment) == {granted.session_id}


def test_a_thousand_logins_of_one_device_leave_the_limit(deployment: Deployment) -> None:
    """F36: a client that loses its tokens each time still keeps only the newest sessions."""
    deployment.max_sessions = 20
    grants = []
    identity = deployment.store.identities["alice"]
    template = deployment.session_of(deployment.log_in())
    for number in range(1000):
        deployment.clock.advance(ms=20)
        opened = template._replace(session_id=f"{number:022}", created_at_ms=deployment.clock())
        deployment.session_opening.open(opened, username="alice", epoch=identity.epoch)
        deployment.session_limit.keep(identity.user_id)
        grants.append(opened.session_id)
        assert len(living(deployment)) <= 20
    assert living(deployment) == set(grants[-20:])


def test_each_end_is_told(deployment: Deployment) -> None:
    """The event has the name of every end of a session, and this reason (A16)."""
    deployment.max_sessions = 1
    first, _second = logins(deployment, 2)
    user_id = deployment.token_of(first).user_id
    told = [event for event in deployment.events if event.name is EventName.SESSION_ENDED]
    assert told == [SecurityEvent(EventName.SESSION_ENDED, user_id, first.session_id, reason="session_limit")]


def test_sessions_that_are_dead_do_not_count(deployment: Deployment) -> None:
    """Sessions that were logged out or have expired do not use up the limit."""
    deployment.max_sessions = 2
    first, gone = logins(deployment, 2)
    deployment.logout(gone.refresh_token, Reach.ONE)
    [third] = logins(deployment, 1)
    assert living(deployment) == {first.session_id, third.session_id}
    assert deployment.end_of(gone).reason == "logout"


def test_a_session_that_has_expired_is_not_ended_for_the_limit(deployment: Deployment) -> None:
    """Its owner left it, and no event says that it was pushed out."""
    deployment.max_sessions = 1
    left = deployment.log_in()
    deployment.clock.advance(seconds=IDLE_SECONDS)
    deployment.log_in()

    assert not deployment.has_ended(left)
    assert EventName.SESSION_ENDED not in deployment.names()


def test_another_users_sessions_do_not_count(deployment: Deployment) -> None:
    """Each user has a separate limit."""
    deployment.max_sessions = 1
    deployment.store.identities["bob"] = replace(
        deployment.store.identities["alice"], username="bob", user_id="Qm9iJ3MgdXNlciBpZCAuLg"
    )
    alices, bobs = deployment.log_in(), deployment.log_in("bob", PASSWORD)
    assert living(deployment) == {alices.session_id, bobs.session_id}


def test_the_session_is_open_before_any_other_ends(deployment: Deployment) -> None:
    """If a session cannot be opened, no other session ends."""
    deployment.max_sessions = 1
    deployment.log_in()
    deployment.trouble.acts.clear()
    logins(deployment, 1)
    acts = [act for act in deployment.trouble.acts if act in ("open", "oldest_first", "end")]
    assert acts == ["open", "oldest_first", "end"]


@pytest.mark.parametrize("act", ["oldest_first", "end"])
def test_trouble_fails_no_login_and_the_next_one_catches_up(deployment: Deployment, act: str) -> None:
    """The login succeeds, the failure is recorded, and the next login ends the sessions over the limit (F22)."""
    deployment.max_sessions = 2
    logins(deployment, 2)
    deployment.names()
    deployment.trouble.fail(act)
    [granted] = logins(deployment, 1)
    told = [event for event in deployment.events if event.name is EventName.SESSION_LIMIT_NOT_KEPT]
    assert [(event.user_id, event.reason) for event in told] == [
        (deployment.token_of(granted).user_id, f"injected: {act}")
    ]
    assert len(living(deployment)) == 3
    deployment.trouble.heal()
    [last] = logins(deployment, 1)
    assert living(deployment) == {granted.session_id, last.session_id}


def test_logins_at_once_end_up_within_the_limit(deployment: Deployment) -> None:
    """Both sessions are open before either login counts. Both agree on which is older, so one session stays."""
    deployment.max_sessions = 2
    one, other = deployment.log_in(), deployment.log_in()  # both in one millisecond
    deployment.max_sessions = 1
    user_id = deployment.token_of(one).user_id
    for _ in range(2):
        deployment.session_limit.keep(user_id)
    assert living(deployment) == {max(one.session_id, other.session_id)}


def test_the_end_of_a_session_is_recorded_once(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two logins see the same oldest session. One of them ends it, and the other continues with the next."""
    logins(deployment, 3)
    deployment.names()
    deployment.max_sessions = 1
    end = deployment.sessions.end
    lost: list[str] = []

    def lost_once(session: Endable, **kwargs: object) -> None:
        if not lost:
            lost.append(session.session_id)
            raise AlreadyEnded
        end(session, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.sessions, "end", lost_once)
    user_id = deployment.store.identities["alice"].user_id
    deployment.session_limit.keep(user_id)
    assert [event.reason for event in deployment.events] == ["session_limit"]


def test_a_limit_that_was_lowered_makes_no_login_wait_for_long(deployment: Deployment) -> None:
    """One login ends at most a hundred sessions, the oldest. The next logins end the rest."""
    identity = deployment.store.identities["alice"]
    template = deployment.session_of(deployment.log_in())
    for number in range(MAX_ENDS + 50):
        opened = template._replace(session_id=f"{number:022}", created_at_ms=template.created_at_ms + 1 + number)
        deployment.session_opening.open(opened, username="alice", epoch=identity.epoch)
    deployment.max_sessions = 1
    deployment.session_limit.keep(identity.user_id)
    assert len(living(deployment)) == 51
    assert min(living(deployment)) == f"{MAX_ENDS - 1:022}"
    deployment.session_limit.keep(identity.user_id)
    assert living(deployment) == {f"{MAX_ENDS + 49:022}"}

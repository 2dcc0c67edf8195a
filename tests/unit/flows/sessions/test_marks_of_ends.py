"""What the record of an end says of the feed, and what is recorded if the feed cannot be written."""

import pytest

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.session import COOKIE
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from tests.support.deployment import GRACE_SECONDS, LATE_RETRY_SECONDS, Deployment
from tests.support.fakes.revocations import MemoryRevocations


@pytest.mark.parametrize(("lead_ms", "is_marked"), [(0, True), (15_000, True), (15_001, False)])
def test_an_end_soon_after_its_publication_is_marked(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, lead_ms: int, *, is_marked: bool
) -> None:
    """F44: nobody has to publish it again. After a longer time, a reader may have started too late for the entry."""
    granted, own = (deployment.with_feed().log_in() for _ in range(2))
    publish = MemoryRevocations.publish

    def slowly(feed: MemoryRevocations, *arguments: object) -> None:
        publish(feed, *arguments)  # type: ignore[arg-type]  # passed through
        deployment.clock.advance(ms=lead_ms)

    monkeypatch.setattr(MemoryRevocations, "publish", slowly)
    deployment.own_sessions.end(deployment.alice.user_id, own.session_id, granted.session_id)

    assert deployment.end_of(granted).is_published is is_marked


def test_where_the_feed_is_off_no_end_is_marked(deployment: Deployment) -> None:
    """If it is turned on later, a repeated call may publish what has ended shortly before."""
    granted = deployment.log_in()
    deployment.own_sessions.end(deployment.alice.user_id, granted.session_id, granted.session_id)

    assert not deployment.end_of(granted).is_published


@pytest.mark.parametrize("count", [1, 2])
def test_a_feed_that_cannot_be_written_is_recorded(deployment: Deployment, count: int) -> None:
    """With the session, if it is one. No session has ended then."""
    deployment.with_feed()
    ids = [deployment.log_in().session_id for _ in range(count)]
    deployment.names()
    deployment.trouble.fail("publish")

    with pytest.raises(TemporarilyUnavailable):
        deployment.end_sessions.all(deployment.alice.user_id, reason="operator")
    [event] = [event for event in deployment.events if event.name is EventName.REVOCATION_NOT_PUBLISHED]
    assert (event.user_id, event.session_id) == (deployment.alice.user_id, ids[0] if count == 1 else "")
    assert event.reason == "injected: publish"
    assert len(deployment.store.sessions) == count


def test_a_reuse_whose_session_is_not_known_to_have_ended_is_told(deployment: Deployment) -> None:
    """A person should look: the thief may still have the session."""
    granted = deployment.log_in()
    for _ in range(2):
        deployment.clock.advance(seconds=GRACE_SECONDS + 1)
        granted, old = deployment.refreshed(granted.refresh_token), granted
    deployment.clock.advance(seconds=LATE_RETRY_SECONDS + 1)
    deployment.names()
    deployment.trouble.fail("end")

    with pytest.raises(TemporarilyUnavailable):
        deployment.refreshed(old.refresh_token)
    told = [event for event in deployment.events if event.name is EventName.REFRESH_TOKEN_REUSED]
    assert [(event.session_id, event.reason) for event in told] == [
        (granted.session_id, "reused, and not known to have ended")
    ]


def test_a_token_that_came_by_another_transport_ends_no_other_session(deployment: Deployment) -> None:
    """C3: a refresh token in a cookie is not one of a session whose tokens are in bodies."""
    granted = deployment.log_in()
    deployment.log_in()

    deployment.logout(granted.refresh_token, Reach.ALL, transport=COOKIE)
    assert len(deployment.store.sessions) == 2
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.store.sessions == {}


@pytest.mark.parametrize("is_gone", [True, False])
def test_dead_tokens_at_a_logout_of_all_are_counted(deployment: Deployment, *, is_gone: bool) -> None:
    """F39: a client that presents one again and again waits."""
    granted = deployment.log_in()
    deployment.logout(granted.refresh_token, Reach.ONE)
    if is_gone:
        deployment.store.ended.clear()
    for _ in range(DEAD_TOKEN_RATE.burst):
        deployment.logout(granted.refresh_token, Reach.ALL)

    with pytest.raises(TooManyAttempts):
        _ = [deployment.logout(granted.refresh_token, Reach.ALL) for _ in range(2)]
    assert SecurityEvent(EventName.ALL_SESSIONS_ENDED, deployment.alice.user_id) not in deployment.events

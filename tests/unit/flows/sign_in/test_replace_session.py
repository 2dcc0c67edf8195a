"""A login in a browser that still has a session: that session ends, and nothing of this fails the login."""

import pytest

from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.sessions.session import BODY
from tests.support.deployment import ADDRESS, PASSWORD, POLICY, USERNAME, Deployment


@pytest.fixture
def earlier(deployment: Deployment) -> TokenGrant:
    """Return the grant of an earlier login."""
    granted = deployment.log_in()
    deployment.names()
    return granted


def test_the_session_of_the_token_ends(deployment: Deployment, earlier: TokenGrant) -> None:
    """P15: with its own reason, and authorizers are told."""
    deployment.with_feed().replace_session(earlier.refresh_token, BODY)

    assert deployment.has_ended(earlier)
    assert deployment.end_of(earlier).reason == "replaced"
    assert deployment.names() == [EventName.SESSION_ENDED]
    assert deployment.feed.session_ids == {earlier.session_id}


def test_a_login_ends_the_session_that_the_browser_had(deployment: Deployment, earlier: TokenGrant) -> None:
    """Otherwise each login in a browser would leave one behind."""
    deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, earlier=earlier.refresh_token)

    assert deployment.end_of(earlier).reason == "replaced"


def test_any_generation_ends_it_and_once(deployment: Deployment, earlier: TokenGrant) -> None:
    """A browser may have an old token, and two tabs may log in at once."""
    deployment.refreshed(earlier.refresh_token)
    deployment.names()

    for _ in range(2):
        deployment.replace_session(earlier.refresh_token, BODY)

    assert deployment.has_ended(earlier)
    assert deployment.names() == [EventName.SESSION_ENDED]


def test_a_thief_who_is_ahead_of_the_browser_is_told_after_the_login(
    deployment: Deployment, earlier: TokenGrant
) -> None:
    """As after a logout: two parties had tokens of the session, so a person should know that."""
    deployment.clock.advance(seconds=3600)
    thief = deployment.refreshed(earlier.refresh_token)
    deployment.clock.advance(seconds=3600)
    thief = deployment.refreshed(thief.refresh_token)
    deployment.replace_session(earlier.refresh_token, BODY)
    deployment.clock.advance(seconds=3600)
    deployment.names()

    assert deployment.is_dead(thief)
    assert deployment.names() == [EventName.REFRESH_TOKEN_DIVERGED]
    assert EventName.REFRESH_TOKEN_DIVERGED.wants_attention


def test_an_end_that_was_not_told_is_told_now(deployment: Deployment, earlier: TokenGrant) -> None:
    """An act before has ended the session, and failed before authorizers could know it."""
    deployment.with_feed().trouble.fail("publish", times=1)
    deployment.replace_session(earlier.refresh_token, BODY)
    assert deployment.names() == [
        EventName.SESSION_ENDED,
        EventName.REVOCATION_NOT_PUBLISHED,
        EventName.SESSION_NOT_REPLACED,
    ]
    assert deployment.feed.session_ids == set()

    deployment.replace_session(earlier.refresh_token, BODY)

    assert deployment.feed.session_ids == {earlier.session_id}
    assert deployment.names() == []


@pytest.mark.parametrize("presented", ["", "x", "edgeauth_rt_" + "A" * 120])
def test_another_text_ends_nothing(deployment: Deployment, earlier: TokenGrant, presented: str) -> None:
    """F37: a forged token makes no call."""
    deployment.trouble.acts.clear()

    deployment.replace_session(presented, BODY)

    assert (deployment.trouble.acts, deployment.names()) == ([], [])
    assert not deployment.has_ended(earlier)


def test_trouble_is_told_and_not_raised(deployment: Deployment, earlier: TokenGrant) -> None:
    """F22: the login is good, and the event names the session that lives on."""
    deployment.trouble.fail("end")

    deployment.replace_session(earlier.refresh_token, BODY)

    [event] = deployment.events
    assert (event.name, event.session_id) == (EventName.SESSION_NOT_REPLACED, earlier.session_id)
    assert event.reason == "injected: end"
    assert not deployment.has_ended(earlier)

"""Refreshes by cookie and in bodies, and how far behind a token is recorded to be."""

import pytest

from edge_auth.errors import InvalidGrant
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.sessions.session import BODY, COOKIE
from tests.support.deployment import GRACE_SECONDS, POLICY, Deployment


def refreshed(deployment: Deployment, granted: TokenGrant, transport: str) -> TokenGrant:
    """Refresh by a transport."""
    return deployment.refresh(granted.refresh_token, POLICY, scope="", transport=transport)


@pytest.mark.parametrize(("own", "other"), [(BODY, COOKIE), (COOKIE, BODY)])
def test_a_session_is_refreshed_by_its_own_transport_alone(deployment: Deployment, own: str, other: str) -> None:
    """C3: also within the grace window, where two tabs get the same token. By the other one nothing happens to it."""
    granted = deployment.log_in()
    deployment.change_session(granted, transport=own)
    first = refreshed(deployment, granted, own)
    stored = deployment.session_of(granted)

    assert refreshed(deployment, granted, own).refresh_token == first.refresh_token
    for seconds in (0, GRACE_SECONDS + 1):
        deployment.clock.advance(seconds=seconds)
        for token in (granted, first):
            with pytest.raises(InvalidGrant, match=r"^wrong_transport$"):
                refreshed(deployment, token, other)
    assert deployment.session_of(granted) == stored


def test_a_token_is_recorded_with_the_generations_that_it_is_behind(deployment: Deployment) -> None:
    """Operators tell a slow tab from a thief by it."""
    newest = deployment.log_in()
    for _ in range(3):
        deployment.clock.advance(seconds=GRACE_SECONDS + 1)
        newest, base = deployment.refreshed(newest.refresh_token), newest
    deployment.names()

    deployment.refreshed(base.refresh_token)
    deployment.refreshed(newest.refresh_token)
    assert [(event.name, event.generations_behind) for event in deployment.events] == [
        (EventName.REFRESH_CONVERGED, 1),
        (EventName.REFRESH_COALESCED, 0),
    ]

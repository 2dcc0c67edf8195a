"""A caller's own mail address."""

import pytest

from edge_auth.errors import InvalidToken
from edge_auth.flows.accounts.own_address import OwnAddress
from tests.support.deployment import IDLE_SECONDS, Deployment


def test_a_living_session_shows_its_user(deployment: Deployment) -> None:
    """It is the last millisecond before its end, and not the one after it."""
    session_id = deployment.log_in().session_id
    show = OwnAddress(identities=deployment.identities, sessions=deployment.sessions, clock=deployment.clock)
    user_id = deployment.alice.user_id
    deployment.clock.advance(seconds=IDLE_SECONDS, ms=-1)

    assert show(user_id, session_id) == deployment.alice
    deployment.clock.advance(ms=1)
    with pytest.raises(InvalidToken):
        show(user_id, session_id)


def test_a_user_who_is_gone_is_shown_to_nobody(deployment: Deployment) -> None:
    """An access token may outlive its user."""
    session_id, user_id = deployment.log_in().session_id, deployment.alice.user_id
    deployment.store.identities.clear()

    with pytest.raises(InvalidToken, match=r"^the user is gone$"):
        OwnAddress(identities=deployment.identities, sessions=deployment.sessions, clock=deployment.clock)(
            user_id, session_id
        )

"""Logout: ends one session or all of them, and answers the same for every token."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.keys.mac_key import MacKey
from edge_auth.sessions.session import EndedSession
from edge_auth.tokens import refresh_token as refresh_tokens
from tests.support.access_tokens import NOW
from tests.support.deployment import GRACE_SECONDS, USERNAME, Deployment


@pytest.fixture
def granted(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login."""
    granted = deployment.log_in()
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def test_logout_ends_the_session(deployment: Deployment, granted: TokenGrant) -> None:
    """The refresh token is dead, and what is kept has the time and the reason (A6)."""
    deployment.logout(granted.refresh_token, Reach.ONE)
    assert deployment.end_of(granted) == EndedSession(0, deployment.token_of(granted).seed_hash, NOW, "logout", 0)
    assert deployment.is_dead(granted)


def test_logout_is_told(deployment: Deployment, granted: TokenGrant) -> None:
    """One event is recorded, with the user and the session."""
    deployment.logout(granted.refresh_token, Reach.ONE)
    token = deployment.token_of(granted)
    assert deployment.events == [
        SecurityEvent(EventName.SESSION_ENDED, token.user_id, token.session_id, reason="logout")
    ]


def test_logout_is_one_write(deployment: Deployment, granted: TokenGrant) -> None:
    """Nothing is read."""
    deployment.logout(granted.refresh_token, Reach.ONE)
    assert deployment.trouble.acts == ["end"]


def test_logout_twice_is_no_error_and_is_told_once(deployment: Deployment, granted: TokenGrant) -> None:
    """RFC 7009 §2.2 says so (A6, F10)."""
    deployment.logout(granted.refresh_token, Reach.ONE)
    kept = deployment.end_of(granted)
    deployment.clock.advance(seconds=5)
    deployment.logout(granted.refresh_token, Reach.ONE)
    assert deployment.end_of(granted) == kept
    assert deployment.names() == [EventName.SESSION_ENDED]


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_any_generation_logs_out(deployment: Deployment, granted: TokenGrant, generation: int) -> None:
    """A client that missed an answer can still log out, and this is not reuse (F10)."""
    grants = [granted]
    for _ in range(2):
        deployment.clock.advance(seconds=GRACE_SECONDS)
        grants.append(deployment.refreshed(grants[-1].refresh_token))
    deployment.names()
    deployment.logout(grants[generation].refresh_token, Reach.ONE)
    assert deployment.end_of(granted).reason == "logout"
    assert deployment.names() == [EventName.SESSION_ENDED]


def test_logout_leaves_the_other_sessions(deployment: Deployment, granted: TokenGrant) -> None:
    """Other devices stay logged in."""
    other = deployment.log_in()
    deployment.logout(granted.refresh_token, Reach.ONE)
    assert not deployment.is_dead(other)


def flipped(deployment: Deployment, granted: TokenGrant) -> str:
    """Return the token with one character changed."""
    del deployment
    text = granted.refresh_token
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def foreign(deployment: Deployment, granted: TokenGrant) -> str:
    """Return the token as another deployment would write it."""
    return refresh_tokens.mint(deployment.token_of(granted), MacKey(b"mac-1", b"9" * 32))


def of_another_seed(deployment: Deployment, granted: TokenGrant) -> str:
    """Return an authentic token with the id of this session and another seed."""
    token = replace(deployment.token_of(granted), seed=b"\x00" * 16)
    return refresh_tokens.mint(token, deployment.key_ring.keys.mac)


@pytest.mark.parametrize("reach", [Reach.ONE, Reach.ALL])
@pytest.mark.parametrize("forge", [flipped, foreign, of_another_seed])
def test_a_forged_token_changes_nothing(
    deployment: Deployment,
    granted: TokenGrant,
    forge: Callable[[Deployment, TokenGrant], str],
    reach: Reach,
) -> None:
    """The answer is the same as for any token (A6, F10)."""
    before = dict(deployment.store.sessions)
    deployment.logout(forge(deployment, granted), reach)
    assert deployment.store.sessions == before
    assert deployment.store.identities[USERNAME].epoch == 0
    assert deployment.names() == []


@pytest.mark.parametrize("reach", [Reach.ONE, Reach.ALL])
@pytest.mark.parametrize("text", ["", "x", "edgeauth_rt_", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "\ud800", "x" * 10_000])
def test_garbage_costs_no_call(deployment: Deployment, text: str, reach: Reach) -> None:
    """The MAC is checked before the store is asked (F37)."""
    deployment.logout(text, reach)
    assert deployment.trouble.acts == []


def test_a_deleted_session_is_not_created(deployment: Deployment, granted: TokenGrant) -> None:
    """A logout never creates an item (F25)."""
    deployment.store.sessions.clear()
    deployment.logout(granted.refresh_token, Reach.ONE)
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.store.sessions == {}
    assert deployment.names() == []


@pytest.mark.parametrize("reach", [Reach.ONE, Reach.ALL])
def test_an_outage_is_said_and_the_call_may_be_repeated(
    deployment: Deployment,
    granted: TokenGrant,
    reach: Reach,
) -> None:
    """A client must not believe that it is logged out while it is not (A7)."""
    deployment.trouble.fail("end")
    with pytest.raises(TemporarilyUnavailable):
        deployment.logout(granted.refresh_token, reach)
    assert deployment.names() == []
    deployment.trouble.heal()
    deployment.logout(granted.refresh_token, reach)
    assert deployment.is_dead(granted)

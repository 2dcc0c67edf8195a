"""Refresh with a scope: it may be the session's scope or less, and a request for more does not use up the token."""

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edge_auth.errors import InvalidGrant, InvalidScope
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.tokens import refresh_token as refresh_tokens
from tests.support.access_tokens import NOW
from tests.support.deployment import ABSOLUTE_SECONDS, GRACE_SECONDS, POLICY, Deployment

if TYPE_CHECKING:
    from edge_auth.flows.sessions.refresh import Refresh

WIDER = ["read write delete", "delete", "rea", 'no "scope"', "read  write", " ", "x" * 4000]


@pytest.fixture
def first(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login an hour ago. The user has two words of scope."""
    identity = deployment.store.identities["alice"]
    deployment.store.identities["alice"] = replace(identity, scope="read write")
    granted = deployment.log_in()
    deployment.clock.advance(seconds=3600)
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def test_a_narrower_scope_is_the_access_tokens_alone(deployment: Deployment, first: TokenGrant) -> None:
    """The session and the refresh token keep the full scope, so a later refresh can get all of it again (A4)."""
    narrow = deployment.refreshed(first.refresh_token, "write")
    assert (narrow.scope, deployment.claims_of(narrow).scope) == ("write", "write")
    assert deployment.session_of(first).scope == "read write"
    deployment.clock.advance(seconds=60)
    full = deployment.refreshed(narrow.refresh_token)
    assert (full.scope, deployment.claims_of(full).scope) == ("read write", "read write")


def test_without_a_scope_the_access_token_has_that_of_the_session(deployment: Deployment, first: TokenGrant) -> None:
    """RFC 6749 §6: the client need not name it."""
    refresh: Refresh = deployment.refresh
    granted = refresh(first.refresh_token, POLICY)

    assert deployment.claims_of(granted).scope == deployment.session_of(first).scope


def test_a_scope_costs_nothing_more(deployment: Deployment, first: TokenGrant) -> None:
    """A request with a scope is one write and no read, whether it is granted or refused."""
    narrow = deployment.refreshed(first.refresh_token, "write")
    with pytest.raises(InvalidScope):
        deployment.refreshed(narrow.refresh_token, "delete")
    assert deployment.trouble.acts == ["rotate", "rotate"]


@pytest.mark.parametrize("scope", WIDER)
def test_a_wider_scope_is_refused_and_the_token_stays_good(
    deployment: Deployment, first: TokenGrant, scope: str
) -> None:
    """The conditional write refuses it, so neither the generation nor the idle timeout moves (A4)."""
    before = deployment.session_of(first)
    with pytest.raises(InvalidScope):
        deployment.refreshed(first.refresh_token, scope)
    assert deployment.session_of(first) == before
    assert [(event.name, event.reason) for event in deployment.events] == [(EventName.REFRESH_REFUSED, "invalid_scope")]
    assert deployment.token_of(deployment.refreshed(first.refresh_token)).generation == 1


@pytest.mark.parametrize("scope", ["write", ""])
def test_retries_honour_their_own_scope(deployment: Deployment, first: TokenGrant, scope: str) -> None:
    """A coalesced or converged retry gets the winner's refresh token and an access token with its own scope."""
    winner = deployment.refreshed(first.refresh_token, "read")
    for presented in (first.refresh_token, winner.refresh_token):
        retry = deployment.refreshed(presented, scope)
        assert retry.refresh_token == winner.refresh_token
        assert retry.scope == deployment.claims_of(retry).scope == (scope or "read write")
    assert deployment.session_of(first).generation == 1


@pytest.mark.parametrize("grace", [0, GRACE_SECONDS])
@pytest.mark.parametrize("scope", WIDER)
def test_retries_with_a_wider_scope_are_refused_as_well(
    deployment: Deployment, first: TokenGrant, scope: str, grace: int
) -> None:
    """The current token and, inside the grace window, the previous token stay usable (A4)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.limits = deployment.limits._replace(grace_seconds=grace)
    before = deployment.session_of(first)
    for presented in [second.refresh_token, *([first.refresh_token] if grace else [])]:
        with pytest.raises(InvalidScope):
            deployment.refreshed(presented, scope)
    assert deployment.session_of(first) == before


@pytest.mark.parametrize("scope", WIDER)
def test_a_dead_token_is_told_nothing_about_scope(deployment: Deployment, first: TokenGrant, scope: str) -> None:
    """A token that is forged, logged out, expired or deleted gets invalid_grant, as without a scope (A4, A17)."""
    other = deployment.log_in()
    deployment.logout(other.refresh_token, Reach.ONE)
    forged = first.refresh_token[:-1] + ("A" if first.refresh_token[-1] != "A" else "B")
    for dead in (forged, other.refresh_token):
        with pytest.raises(InvalidGrant):
            deployment.refreshed(dead, scope)
    deployment.clock.advance(seconds=ABSOLUTE_SECONDS)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(first.refresh_token, scope)
    deployment.store.sessions.clear()
    with pytest.raises(InvalidGrant):
        deployment.refreshed(first.refresh_token, scope)


@pytest.mark.parametrize("scope", [*WIDER, "read", ""])
def test_reuse_is_reuse_with_any_scope(deployment: Deployment, first: TokenGrant, scope: str) -> None:
    """An attacker cannot hide reuse by asking for too much scope: the session ends (A2)."""
    second = deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=60)
    third = deployment.refreshed(second.refresh_token)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(first.refresh_token, scope)
    assert deployment.end_of(first).reason == "reused"
    assert deployment.is_dead(third)


@pytest.mark.parametrize("scope", WIDER)
def test_a_late_retry_with_a_wider_scope_is_refused_before_it_costs_a_token(
    deployment: Deployment, first: TokenGrant, scope: str
) -> None:
    """Nothing is written, and the same token without the scope is good (A4)."""
    deployment.refreshed(first.refresh_token)
    deployment.clock.advance(seconds=60)
    before = deployment.session_of(first)
    with pytest.raises(InvalidScope):
        deployment.refreshed(first.refresh_token, scope)
    assert deployment.session_of(first) == before
    retried = deployment.refreshed(first.refresh_token, "read")
    assert (deployment.token_of(retried).generation, retried.scope) == (2, "read")


def test_a_refresh_token_says_nothing_of_scope(deployment: Deployment, first: TokenGrant) -> None:
    """The successor is the same, byte for byte, for every requested scope (A4)."""
    token, key = deployment.token_of(first), deployment.key_ring.keys.mac
    narrow = deployment.refreshed(first.refresh_token, "read")
    assert narrow.refresh_token == refresh_tokens.mint(token.of_generation(token.generation + 1), key)


def test_a_narrower_token_carries_the_login_and_renews_nothing(deployment: Deployment, first: TokenGrant) -> None:
    """`auth_time` and `amr` come from the login, and the roles stay (T9)."""
    narrow = deployment.claims_of(deployment.refreshed(first.refresh_token, "read"))
    assert (narrow.auth_time, narrow.iat) == (NOW, NOW + 3600)
    assert (narrow.amr, narrow.roles) == (("pwd",), ("admin",))


def test_a_narrower_token_ends_with_its_session(deployment: Deployment, first: TokenGrant) -> None:
    """No access token outlives the absolute timeout (A5)."""
    end = NOW + ABSOLUTE_SECONDS
    deployment.change_session(first, idle_expires_at_seconds=end + 1)
    deployment.clock.now_ms = end * 1000 - 60_000
    narrow = deployment.refreshed(first.refresh_token, "read")
    assert deployment.claims_of(narrow).exp == end
    assert (narrow.expires_in_seconds, narrow.refresh_expires_in_seconds) == (60, 60)
    deployment.clock.now_ms = end * 1000
    for scope in ("read", "delete"):
        with pytest.raises(InvalidGrant):
            deployment.refreshed(narrow.refresh_token, scope)

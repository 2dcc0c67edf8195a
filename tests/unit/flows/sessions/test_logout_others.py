"""Logout of the others: the epoch moves, then every session of the user ends except the one that asks."""

import pytest

from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from tests.support.deployment import GRACE_SECONDS, IDLE_SECONDS, USERNAME, Deployment


@pytest.fixture
def granted(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login."""
    return deployment.log_in()


def log_out_others(deployment: Deployment, granted: TokenGrant) -> None:
    """Log the other sessions out."""
    deployment.logout(granted.refresh_token, Reach.OTHERS)


def test_the_others_end_and_this_one_goes_on(deployment: Deployment, granted: TokenGrant) -> None:
    """Every other device of this user is logged out, and no device of another user (A8)."""
    others = [deployment.log_in() for _ in range(3)]
    deployment.administration.create("bob", "another correct horse")
    bobs = deployment.log_in("bob", "another correct horse")
    deployment.names()
    log_out_others(deployment, granted)
    assert [event.reason for event in deployment.events] == ["logout_others"]
    assert {deployment.end_of(one).reason for one in others} == {"logout_others"}
    assert all(deployment.is_dead(one) for one in others)
    assert not deployment.is_dead(granted)
    assert not deployment.is_dead(bobs)


def test_the_epoch_moves_first(deployment: Deployment, granted: TokenGrant) -> None:
    """A login that began earlier cannot open a session after this (F12)."""
    deployment.log_in()
    deployment.trouble.acts.clear()
    log_out_others(deployment, granted)
    assert deployment.trouble.acts == ["find_session", "move_epoch", "to_end", "end"]
    assert deployment.store.identities[USERNAME].epoch == 1


@pytest.mark.parametrize("state", ["ended", "expired", "forgotten"])
def test_only_a_living_session_speaks(deployment: Deployment, granted: TokenGrant, state: str) -> None:
    """The token of a session that was logged out, has expired or was deleted ends no other session."""
    if state == "ended":
        deployment.logout(granted.refresh_token, Reach.ONE)
    elif state == "expired":
        deployment.clock.advance(seconds=IDLE_SECONDS)
    else:
        deployment.store.sessions.clear()
    other = deployment.log_in()
    log_out_others(deployment, granted)
    assert not deployment.is_dead(other)
    assert deployment.store.identities[USERNAME].epoch == 0


@pytest.mark.parametrize("act", ["find_session", "move_epoch", "to_end", "end"])
def test_what_failed_halfway_can_be_done_again(deployment: Deployment, granted: TokenGrant, act: str) -> None:
    """The answer is unavailable. The asking session lives, so the same call ends the rest (A7)."""
    others = [deployment.log_in() for _ in range(3)]
    deployment.trouble.fail(act, after=1 if act == "end" else 0)
    with pytest.raises(TemporarilyUnavailable):
        log_out_others(deployment, granted)
    deployment.trouble.heal()
    log_out_others(deployment, granted)
    assert all(deployment.is_dead(one) for one in others)
    assert not deployment.is_dead(granted)


def test_an_expired_session_that_logs_out_others_ends_nothing_and_counts_as_dead(
    deployment: Deployment, granted: TokenGrant
) -> None:
    """Each call costs a read, so it is limited like that of every dead token."""
    deployment.clock.advance(seconds=IDLE_SECONDS)
    for _ in range(DEAD_TOKEN_RATE.burst):
        log_out_others(deployment, granted)
    assert not deployment.has_ended(granted)

    with pytest.raises(TooManyAttempts):
        log_out_others(deployment, granted)


@pytest.mark.parametrize("reach", [Reach.OTHERS, Reach.ALL])
@pytest.mark.parametrize("behind", [0, 1])
@pytest.mark.parametrize("age_ms", [GRACE_SECONDS * 1000, GRACE_SECONDS * 1000 + 1])
def test_a_good_token_ends_others(
    deployment: Deployment, granted: TokenGrant, reach: Reach, behind: int, age_ms: int
) -> None:
    """The newest token may, and the one that it was issued for, as a late retry too: a refresh would answer both."""
    others = [deployment.log_in() for _ in range(2)]
    deployment.clock.advance(seconds=3600)
    newest = deployment.refreshed(granted.refresh_token)
    deployment.clock.advance(ms=age_ms)
    deployment.logout((newest, granted)[behind].refresh_token, reach)
    assert all(deployment.has_ended(one) for one in others)
    assert deployment.has_ended(granted) is (reach is Reach.ALL)


@pytest.mark.parametrize("reach", [Reach.OTHERS, Reach.ALL])
@pytest.mark.parametrize("strict", [False, True])
def test_an_old_token_ends_no_others_and_is_reuse(
    deployment: Deployment,
    granted: TokenGrant,
    reach: Reach,
    strict: bool,  # noqa: FBT001 - without a grace window
) -> None:
    """Its own session ends as reuse, which is told once. The others and the epoch stay as they are."""
    other = deployment.log_in()
    deployment.clock.advance(seconds=3600)
    second = deployment.refreshed(granted.refresh_token)
    deployment.clock.advance(seconds=3600)
    newest = deployment.refreshed(second.refresh_token)
    deployment.limits = deployment.limits._replace(grace_seconds=0 if strict else GRACE_SECONDS)
    deployment.clock.advance(seconds=0 if strict else GRACE_SECONDS, ms=1)
    deployment.names()
    for _ in range(2):
        deployment.logout(granted.refresh_token, reach)
    [told] = deployment.events
    assert (told.name, told.reason, told.generations_behind) == (EventName.REFRESH_TOKEN_REUSED, "reused", 2)
    assert (deployment.end_of(newest).generation, deployment.end_of(newest).reason) == (2, "reused")
    assert not deployment.has_ended(other)
    assert deployment.store.identities[USERNAME].epoch == 0


def test_an_expired_session_that_logs_out_all_ends_itself(deployment: Deployment, granted: TokenGrant) -> None:
    """For another clock it may not have expired, so it ends; it ends no other session."""
    deployment.clock.advance(seconds=IDLE_SECONDS)
    other = deployment.log_in()
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.has_ended(granted)
    assert not deployment.has_ended(other)


@pytest.mark.parametrize("reach", [Reach.OTHERS, Reach.ALL])
def test_a_late_retry_from_elsewhere_ends_others_only_if_a_refresh_would_answer_it(
    deployment: Deployment, granted: TokenGrant, reach: Reach
) -> None:
    """If the deployment refuses such a retry, it is reuse here as it is there."""
    deployment.limits = deployment.limits._replace(late_retry_elsewhere=False)
    other = deployment.log_in()
    deployment.clock.advance(seconds=3600)
    deployment.refreshed(granted.refresh_token, client=ClientDescription("", "phone", "192.0.2.0/24"))
    deployment.clock.advance(seconds=3600)
    elsewhere = ClientDescription("", "laptop", "198.51.100.0/24")
    deployment.logout(granted.refresh_token, reach, client=elsewhere)
    assert deployment.end_of(granted).reason == "reused"
    assert not deployment.has_ended(other)

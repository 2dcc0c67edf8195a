"""Logouts of a site: the session token of its cookie proves who calls, and an old one ends nothing else."""

import pytest

from edge_auth.errors import TooManyAttempts
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.session import BODY, COOKIE, SESSION, Session
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from edge_auth.tokens import refresh_token
from edge_auth.tokens.refresh_token import RefreshToken
from edge_auth.tokens.token_form import SESSION as KIND
from tests.support.access_tokens import NOW
from tests.support.deployment import MAC_KEY, Deployment

ALICE = "QWxpY2UncyB1c2VyIGlkIA"
TOKEN = RefreshToken(ALICE, "Q" * 22, 3, b"seed" * 4)


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment where alice has a session at a site, and another one."""
    deployment.log_in()
    deployment.store.sessions[ALICE, TOKEN.session_id] = Session(
        user_id=ALICE,
        session_id=TOKEN.session_id,
        seed_hash=TOKEN.seed_hash,
        generation=3,
        rotated_at_ms=NOW * 1000,
        rotation_id="",
        created_at_ms=NOW * 1000,
        auth_time_seconds=NOW,
        idle_expires_at_seconds=NOW + 1800,
        absolute_expires_at_seconds=NOW + 43_200,
        client_id="first-party",
        transport=SESSION,
    )
    return deployment


def log_out(deployment: Deployment, reach: Reach, generation: int = 3, transport: str = SESSION) -> None:
    """Log out with the cookie of a generation."""
    cookie = refresh_token.mint(TOKEN.of_generation(generation), MAC_KEY, KIND)
    deployment.logout(cookie, reach, transport=transport)


@pytest.mark.parametrize(("reach", "left"), [(Reach.ONE, 1), (Reach.OTHERS, 1), (Reach.ALL, 0)])
def test_the_cookie_ends_the_sessions_that_the_logout_names(deployment: Deployment, reach: Reach, left: int) -> None:
    """With OTHERS, the site's own session goes on."""
    log_out(deployment, reach)

    assert len(deployment.store.sessions) == left
    assert ((ALICE, TOKEN.session_id) in deployment.store.sessions) is (reach is Reach.OTHERS)


@pytest.mark.parametrize(("generation", "age_ms"), [(1, 0), (2, 10_001), (5, 0)])
def test_a_cookie_that_its_site_would_refuse_ends_no_other_session(
    deployment: Deployment, generation: int, age_ms: int
) -> None:
    """It may be a copy, and a page may send an old one, so nothing tells of a theft either."""
    deployment.clock.advance(ms=age_ms)
    deployment.names()

    log_out(deployment, Reach.ALL, generation)
    assert len(deployment.store.sessions) == 2
    assert not any(event.wants_attention for event in deployment.events)
    log_out(deployment, Reach.ALL)
    assert deployment.store.sessions == {}


def test_an_old_cookie_makes_the_newest_one_wait_for_nothing(deployment: Deployment) -> None:
    """F39: a page that sends an old one again and again, or a thief, waits alone."""
    for _ in range(DEAD_TOKEN_RATE.burst):
        log_out(deployment, Reach.ALL, generation=1)
    with pytest.raises(TooManyAttempts):
        log_out(deployment, Reach.ALL, generation=1)

    log_out(deployment, Reach.ALL)
    assert deployment.store.sessions == {}


def test_a_session_that_is_gone_ends_no_other_one(deployment: Deployment) -> None:
    """Its token was good once."""
    del deployment.store.sessions[ALICE, TOKEN.session_id]

    log_out(deployment, Reach.ALL)
    assert len(deployment.store.sessions) == 1


@pytest.mark.parametrize("transport", [BODY, COOKIE])
def test_a_session_token_is_no_refresh_token(deployment: Deployment, transport: str) -> None:
    """It is like a forged one then: nothing changes."""
    log_out(deployment, Reach.ONE, transport=transport)

    assert len(deployment.store.sessions) == 2

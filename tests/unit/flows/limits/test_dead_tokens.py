"""The limit on presenting a dead refresh token."""

import pytest

from edge_auth.errors import InvalidGrant, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.limits.dead_tokens import DeadTokenLimit
from edge_auth.flows.limits.waiting import MAX_REMEMBERED
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.session import BODY, COOKIE
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from tests.support.deployment import POLICY, Clock, Deployment
from tests.support.fakes.attempts import MemoryAttempts

BURST = DEAD_TOKEN_RATE.burst


@pytest.fixture
def dead(deployment: Deployment) -> TokenGrant:
    """Return the tokens of a session that was logged out."""
    granted = deployment.log_in()
    deployment.logout(granted.refresh_token, Reach.ONE)
    deployment.trouble.acts.clear()
    return granted


def refusals(deployment: Deployment, token: str, times: int) -> None:
    """Present a dead token, and expect the answer `invalid_grant` each time."""
    for _ in range(times):
        with pytest.raises(InvalidGrant):
            deployment.refreshed(token)


def test_a_dead_token_is_refused_as_such_and_then_has_to_wait(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: the answer 429 says nothing about the token. After the wait, the token is refused as before."""
    refusals(deployment, dead.refresh_token, BURST)
    with pytest.raises(TooManyAttempts) as refused:
        deployment.refreshed(dead.refresh_token)
    assert refused.value.retry_after_seconds == 1
    deployment.clock.advance(seconds=1)
    refusals(deployment, dead.refresh_token, 1)


@pytest.mark.parametrize("reach", Reach)
def test_a_dead_token_has_to_wait_at_a_logout_too(deployment: Deployment, dead: TokenGrant, reach: Reach) -> None:
    """F39: a logout of an ended session is no error, but each one costs a refused transaction or a read."""
    for _ in range(BURST):
        deployment.logout(dead.refresh_token, reach)
    with pytest.raises(TooManyAttempts):
        deployment.logout(dead.refresh_token, reach)
    deployment.trouble.acts.clear()
    with pytest.raises(TooManyAttempts):
        deployment.logout(dead.refresh_token, reach)
    assert deployment.trouble.acts == []
    deployment.clock.advance(seconds=1)
    deployment.logout(dead.refresh_token, reach)


def test_a_client_that_waits_costs_no_write(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: the process that was told to wait calls no table until the time is over."""
    refusals(deployment, dead.refresh_token, BURST)
    with pytest.raises(TooManyAttempts):
        deployment.refreshed(dead.refresh_token)
    deployment.trouble.acts.clear()
    for _ in range(50):
        with pytest.raises(TooManyAttempts):
            deployment.refreshed(dead.refresh_token)
    assert deployment.trouble.acts == []
    deployment.clock.advance(seconds=1)
    refusals(deployment, dead.refresh_token, 1)
    assert deployment.trouble.acts == ["rotate", "book"]


@pytest.mark.parametrize("which", ["used", "newest"])
def test_a_living_token_is_never_counted(deployment: Deployment, which: str) -> None:
    """F39: it may be presented any number of times: one write each time, and one rotation within the grace window."""
    granted = deployment.log_in()
    newest = deployment.refreshed(granted.refresh_token)
    deployment.trouble.acts.clear()
    token = {"used": granted, "newest": newest}[which].refresh_token
    answers = {deployment.refreshed(token).refresh_token for _ in range(BURST + 50)}
    assert answers == {newest.refresh_token}
    assert deployment.trouble.acts == ["rotate"] * (BURST + 50)
    assert deployment.session_of(granted).generation == 1


@pytest.mark.parametrize("stolen", ["old", "newest"])
@pytest.mark.parametrize("act", ["refresh", "logout"])
def test_a_thief_who_sends_a_token_the_wrong_way_makes_no_living_token_wait(
    deployment: Deployment, stolen: str, act: str
) -> None:
    """F39: nothing happens to the session by another transport than its own, so its owner must not wait for it."""
    old = deployment.log_in()
    newest = deployment.refreshed(old.refresh_token)
    other = deployment.log_in()
    token = {"old": old, "newest": newest}[stolen].refresh_token

    def flood() -> None:
        if act == "logout":
            deployment.logout(token, Reach.ALL, transport=COOKIE)
            return
        with pytest.raises(InvalidGrant, match=r"^wrong_transport$"):
            deployment.refresh(token, POLICY, transport=COOKIE)

    for _ in range(BURST):
        flood()
    with pytest.raises(TooManyAttempts):
        flood()

    newest = deployment.refreshed(newest.refresh_token)
    deployment.logout(newest.refresh_token, Reach.OTHERS)
    assert not deployment.is_dead(newest)
    assert deployment.is_dead(other)


def test_a_refresh_and_a_logout_are_counted_together(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: else a client would have twice as many."""
    refusals(deployment, dead.refresh_token, BURST)
    with pytest.raises(TooManyAttempts):
        deployment.logout(dead.refresh_token, Reach.ONE)


def test_other_sessions_do_not_wait(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: even other sessions of the same user do not wait."""
    refusals(deployment, dead.refresh_token, BURST)
    with pytest.raises(TooManyAttempts):
        deployment.refreshed(dead.refresh_token)
    deployment.refreshed(deployment.log_in().refresh_token)


def test_a_token_that_only_claims_to_be_of_a_session_does_not_count_against_it(deployment: Deployment) -> None:
    """An attacker with a leaked MAC key may name any session. The owner's token has another seed and is not limited."""
    clock, attempts = Clock(), MemoryAttempts()
    limit = DeadTokenLimit(attempts, clock, list[SecurityEvent]().append)
    token = deployment.token_of(deployment.log_in())
    impostor = type(token)(token.user_id, token.session_id, token.generation, bytes(16))
    for _ in range(BURST):
        limit.refused(impostor, BODY)
    with pytest.raises(TooManyAttempts):
        limit.refused(impostor, BODY)
    with pytest.raises(TooManyAttempts):
        limit.check(impostor, BODY)
    limit.check(token, BODY)


def test_trouble_with_the_counters_changes_nothing(deployment: Deployment, dead: TokenGrant) -> None:
    """DC-3: a dead token is answered as ever even if it cannot be counted."""
    deployment.trouble.fail("book")
    refusals(deployment, dead.refresh_token, 3)
    deployment.logout(dead.refresh_token, Reach.ONE)


def test_a_dead_token_that_cannot_be_counted_is_recorded(deployment: Deployment, dead: TokenGrant) -> None:
    """F19: without its right to the counters, a function would else refuse dead tokens for ever without a word."""
    deployment.trouble.fail("book")
    refusals(deployment, dead.refresh_token, 1)
    deployment.trouble.heal()
    refusals(deployment, dead.refresh_token, 1)

    [event] = [event for event in deployment.events if event.name is EventName.DEAD_TOKEN_NOT_COUNTED]
    token = deployment.token_of(dead)
    assert (event.user_id, event.session_id, event.reason) == (token.user_id, token.session_id, "injected: book")


def test_what_is_remembered_is_bounded(deployment: Deployment) -> None:
    """The memory holds a fixed number of tokens and forgets the oldest first."""
    clock, attempts = Clock(), MemoryAttempts()
    limit = DeadTokenLimit(attempts, clock, list[SecurityEvent]().append)
    token = deployment.token_of(deployment.log_in())
    tokens = [
        type(token)(token.user_id, token.session_id, 0, number.to_bytes(16)) for number in range(MAX_REMEMBERED + 1)
    ]
    for each in tokens:
        attempts.booked.clear()
        for _ in range(BURST):
            limit.refused(each, BODY)
        with pytest.raises(TooManyAttempts):
            limit.refused(each, BODY)
    limit.check(tokens[0], BODY)
    with pytest.raises(TooManyAttempts):
        limit.check(tokens[1], BODY)

"""How often a dead refresh token may be presented."""

import pytest

from edge_auth.errors import InvalidGrant, TooManyAttempts
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.limits.dead_tokens import MAX_REMEMBERED, DeadTokenLimit
from edge_auth.flows.sessions.logout import Reach
from edge_auth.throttling.limits import DEAD_TOKEN_RATE
from tests.support.deployment import Clock, Deployment
from tests.support.fakes.attempts import MemoryAttempts

BURST = DEAD_TOKEN_RATE.burst


@pytest.fixture
def dead(deployment: Deployment) -> TokenGrant:
    """Return tokens of a session that was logged out."""
    granted = deployment.log_in()
    deployment.logout(granted.refresh_token, Reach.ONE)
    deployment.trouble.acts.clear()
    return granted


def refusals(deployment: Deployment, token: str, times: int) -> None:
    """Present a dead token, and have it refused as such every time."""
    for _ in range(times):
        with pytest.raises(InvalidGrant):
            deployment.refreshed(token)


def test_a_dead_token_is_refused_as_such_and_then_has_to_wait(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: 429 is no verdict; once the time is over, the token is as dead as before."""
    refusals(deployment, dead.refresh_token, BURST)
    with pytest.raises(TooManyAttempts) as refused:
        deployment.refreshed(dead.refresh_token)
    assert refused.value.retry_after_seconds == 1
    deployment.clock.advance(seconds=1)
    refusals(deployment, dead.refresh_token, 1)


def test_whoever_has_to_wait_costs_no_write(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: the process that knows asks nobody, until the time is over."""
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


def test_a_living_token_is_never_counted(deployment: Deployment) -> None:
    """However many tabs present it at once: a rotation is one write."""
    granted = deployment.log_in()
    deployment.trouble.acts.clear()
    for _ in range(BURST + 50):
        deployment.refreshed(granted.refresh_token)
    assert set(deployment.trouble.acts) == {"rotate"}


def test_other_sessions_do_not_wait(deployment: Deployment, dead: TokenGrant) -> None:
    """F39: not even those of the same user."""
    refusals(deployment, dead.refresh_token, BURST)
    with pytest.raises(TooManyAttempts):
        deployment.refreshed(dead.refresh_token)
    deployment.refreshed(deployment.log_in().refresh_token)


def test_a_token_that_only_claims_to_be_of_a_session_does_not_count_against_it(deployment: Deployment) -> None:
    """Under a leaked MAC key somebody may name any session; the owner's token, with its seed, goes on."""
    clock, attempts = Clock(), MemoryAttempts()
    limit = DeadTokenLimit(attempts, clock)
    token = deployment.token_of(deployment.log_in())
    impostor = type(token)(token.user_id, token.session_id, token.generation, bytes(16))
    for _ in range(BURST):
        limit.refused(impostor)
    with pytest.raises(TooManyAttempts):
        limit.refused(impostor)
    with pytest.raises(TooManyAttempts):
        limit.check(impostor)
    limit.check(token)


def test_trouble_with_the_counters_changes_nothing(deployment: Deployment, dead: TokenGrant) -> None:
    """DC-3: a dead token is dead, counted or not."""
    deployment.trouble.fail("book")
    refusals(deployment, dead.refresh_token, 3)


def test_what_is_remembered_is_bounded(deployment: Deployment) -> None:
    """A thousand sessions that have to wait fill no memory; the oldest is asked for again."""
    clock, attempts = Clock(), MemoryAttempts()
    limit = DeadTokenLimit(attempts, clock)
    token = deployment.token_of(deployment.log_in())
    tokens = [
        type(token)(token.user_id, token.session_id, 0, number.to_bytes(16)) for number in range(MAX_REMEMBERED + 1)
    ]
    for each in tokens:
        attempts.taken_until_ms.clear()
        for _ in range(BURST):
            limit.refused(each)
        with pytest.raises(TooManyAttempts):
            limit.refused(each)
    limit.check(tokens[0])
    with pytest.raises(TooManyAttempts):
        limit.check(tokens[1])

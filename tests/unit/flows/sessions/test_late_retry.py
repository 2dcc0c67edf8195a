"""Late retries: a client whose answer was lost comes back after the grace window, and stays signed in."""

from collections.abc import Callable

import pytest

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.events.security_event import EventName
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import Rotation, Session
from edge_auth.tokens import refresh_token as refresh_tokens
from tests.support.deployment import ABSOLUTE_SECONDS, GRACE_SECONDS, LATE_RETRY_SECONDS, Deployment

DAY_SECONDS = 86_400
PHONE = ClientDescription("", "phone/1", "192.0.2.0/24")


@pytest.fixture
def held(deployment: Deployment) -> TokenGrant:
    """Return the login of a client whose last answer was lost. The grace window is over."""
    granted = deployment.log_in()
    deployment.clock.advance(seconds=3600)
    deployment.refreshed(granted.refresh_token, client=PHONE)
    deployment.clock.advance(seconds=GRACE_SECONDS, ms=1)
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def overtaken(deployment: Deployment, monkeypatch: pytest.MonkeyPatch, *before: Callable[[], object]) -> None:
    """Let these acts come before the next writes of late retries, one before each."""
    retry_late, acts = deployment.sessions.retry_late, iter(before)

    def after_another(found: Session, rotation: Rotation) -> Session:
        next(acts, lambda: None)()
        return retry_late(found, rotation)

    monkeypatch.setattr(deployment.sessions, "retry_late", after_another)


def test_a_client_whose_answer_was_lost_comes_back_and_goes_on(deployment: Deployment, held: TokenGrant) -> None:
    """F3: the late retry costs one more write, and its successor rotates like any other."""
    deployment.clock.advance(seconds=DAY_SECONDS)
    retried = deployment.refreshed(held.refresh_token)
    assert deployment.trouble.acts == ["rotate", "retry_late"]
    assert deployment.names() == [EventName.REFRESH_RETRIED_LATE]
    session = deployment.session_of(held)
    assert (deployment.token_of(retried).generation, session.generation, session.base) == (2, 2, 0)
    deployment.clock.advance(seconds=DAY_SECONDS)
    assert deployment.token_of(deployment.refreshed(retried.refresh_token)).generation == 3


def test_a_client_that_loses_every_answer_stays_signed_in(deployment: Deployment, held: TokenGrant) -> None:
    """F3: one token is good until the absolute timeout, however often its answer is lost."""
    days = ABSOLUTE_SECONDS // DAY_SECONDS - 1
    for _ in range(days):
        deployment.refreshed(held.refresh_token)
        deployment.clock.advance(seconds=DAY_SECONDS - 60)
    assert deployment.names() == [EventName.REFRESH_RETRIED_LATE] * days


def minted(deployment: Deployment, granted: TokenGrant, generation: int) -> str:
    """Return the token of a generation of this session."""
    return refresh_tokens.mint(deployment.token_of(granted).of_generation(generation), deployment.key_ring.keys.mac)


def test_all_tokens_from_the_base_on_converge_within_the_window(deployment: Deployment, held: TokenGrant) -> None:
    """The base, the orphan and the newest token all get the newest one, byte for byte: their holders may have raced."""
    retried = deployment.refreshed(held.refresh_token)
    deployment.clock.advance(seconds=GRACE_SECONDS, ms=-1)
    answers = [deployment.refreshed(minted(deployment, held, generation)) for generation in (0, 1, 2)]
    assert {answer.refresh_token for answer in answers} == {retried.refresh_token}
    assert deployment.session_of(held).generation == 2


def test_a_thief_who_held_the_answer_that_was_lost_is_caught(deployment: Deployment, held: TokenGrant) -> None:
    """The token that the late retry replaced is an orphan. A party that holds it is not the one that lost it (F28)."""
    retried = deployment.refreshed(held.refresh_token)
    deployment.clock.advance(seconds=GRACE_SECONDS, ms=1)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(minted(deployment, held, 1))
    assert deployment.end_of(held).reason == "reused"
    assert deployment.is_dead(retried)
    assert EventName.REFRESH_TOKEN_REUSED in deployment.names()


def test_the_token_before_a_redeemed_one_is_reuse(deployment: Deployment, held: TokenGrant) -> None:
    """Once the new token was redeemed, its answer had arrived, and the base moves on (F4)."""
    retried = deployment.refreshed(held.refresh_token)
    deployment.clock.advance(seconds=3600)
    newest = deployment.refreshed(retried.refresh_token)
    deployment.clock.advance(seconds=3600)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(held.refresh_token)
    assert deployment.is_dead(newest)


@pytest.mark.parametrize("late_retry_seconds", [LATE_RETRY_SECONDS, 0])
def test_a_late_retry_has_an_end(deployment: Deployment, held: TokenGrant, late_retry_seconds: int) -> None:
    """LateRetryHours after the last rotation the token is reuse. With 0 it is reuse once the grace window is over."""
    deployment.limits = deployment.limits._replace(late_retry_seconds=late_retry_seconds)
    deployment.clock.advance(seconds=max(0, late_retry_seconds - GRACE_SECONDS))
    with pytest.raises(InvalidGrant):
        deployment.refreshed(held.refresh_token)
    assert deployment.end_of(held).reason == "reused"
    assert deployment.names() == [EventName.REFRESH_TOKEN_REUSED]


@pytest.mark.parametrize(
    ("client", "same_client", "same_network"),
    [
        (PHONE, True, True),
        (PHONE._replace(network="198.51.100.0/24"), True, False),
        (PHONE._replace(user_agent="phone/2"), False, True),
        (ClientDescription("", "curl", "198.51.100.0/24"), False, False),
    ],
)
def test_a_late_retry_from_elsewhere_wants_attention(
    deployment: Deployment,
    held: TokenGrant,
    client: ClientDescription,
    same_client: bool,  # noqa: FBT001 - as expected
    same_network: bool,  # noqa: FBT001 - as expected
) -> None:
    """The event compares the client with the one of the last rotation. If nothing is the same, a person is told."""
    deployment.refreshed(held.refresh_token, client=client)
    [told] = deployment.events
    token = deployment.token_of(held)
    assert (told.name, told.user_id, told.session_id) == (
        EventName.REFRESH_RETRIED_LATE,
        token.user_id,
        token.session_id,
    )
    assert (told.same_client, told.same_network, told.generations_behind) == (same_client, same_network, 1)
    assert told.wants_attention is (not same_client and not same_network)
    assert deployment.session_of(held).client == client


def test_a_late_retry_from_elsewhere_may_be_refused_as_reuse(deployment: Deployment, held: TokenGrant) -> None:
    """LateRetryFromElsewhere=refuse: the session ends, and the reuse is told."""
    deployment.limits = deployment.limits._replace(late_retry_elsewhere=False)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(held.refresh_token, client=ClientDescription("", "curl", "198.51.100.0/24"))
    assert deployment.names() == [EventName.REFRESH_TOKEN_REUSED]
    assert deployment.has_ended(held)


def test_a_lost_response_of_our_own_late_retry_is_recognised(
    deployment: Deployment, held: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F1: the SDK sent the second write twice. The token was issued once, and is told once."""
    retry_late = deployment.sessions.retry_late

    def twice(found: Session, rotation: Rotation) -> Session:
        retry_late(found, rotation)
        return retry_late(found, rotation)

    monkeypatch.setattr(deployment.sessions, "retry_late", twice)
    retried = deployment.refreshed(held.refresh_token)
    assert deployment.token_of(retried).generation == deployment.session_of(held).generation == 2
    assert deployment.names() == [EventName.REFRESH_RETRIED_LATE]


def test_a_late_retry_that_was_overtaken_by_another_converges(
    deployment: Deployment, held: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F6: two late retries at once get one token, and make one orphan."""
    others: list[TokenGrant] = []
    overtaken(deployment, monkeypatch, lambda: others.append(deployment.refreshed(held.refresh_token)))
    retried = deployment.refreshed(held.refresh_token)
    assert retried.refresh_token == others[0].refresh_token
    assert deployment.session_of(held).generation == 2
    assert deployment.names() == [EventName.REFRESH_RETRIED_LATE, EventName.REFRESH_CONVERGED]


def test_a_late_retry_that_was_overtaken_by_the_newest_token_is_decided_by_it(
    deployment: Deployment, held: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest token was redeemed meanwhile: this one is older than the base now, so two parties hold tokens."""
    overtaken(deployment, monkeypatch, lambda: deployment.refreshed(minted(deployment, held, 1)))
    with pytest.raises(InvalidGrant):
        deployment.refreshed(held.refresh_token)
    assert deployment.end_of(held).reason == "reused"


def test_a_late_retry_that_was_overtaken_by_a_logout_is_refused(
    deployment: Deployment, held: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F9: an ended session gets no tokens, and this is no reuse."""
    overtaken(deployment, monkeypatch, lambda: deployment.logout(held.refresh_token, Reach.ONE))
    with pytest.raises(InvalidGrant):
        deployment.refreshed(held.refresh_token)
    assert deployment.names() == [EventName.SESSION_ENDED, EventName.REFRESH_REFUSED]


def test_a_late_retry_is_decided_again_only_once(
    deployment: Deployment, held: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If it is a late retry again, which needs a clock that is far behind, the client may try again later."""
    overtaken(deployment, monkeypatch, lambda: deployment.change_session(held, generation=2, rotation_id="another's"))
    with pytest.raises(TemporarilyUnavailable):
        deployment.refreshed(held.refresh_token)
    assert deployment.names() == []
    assert deployment.token_of(deployment.refreshed(held.refresh_token)).generation == 3


def test_a_late_retry_is_no_dead_token(deployment: Deployment, held: TokenGrant) -> None:
    """F39: it is answered, so it counts for no limit."""
    for _ in range(100):
        deployment.refreshed(held.refresh_token)
        deployment.clock.advance(seconds=GRACE_SECONDS, ms=1)
    assert "book" not in deployment.trouble.acts


@pytest.mark.parametrize("act", ["rotate", "retry_late"])
def test_an_outage_at_either_write_changes_nothing(deployment: Deployment, held: TokenGrant, act: str) -> None:
    """F19: the answer is unavailable, and the same token is good afterwards."""
    before = deployment.session_of(held)
    deployment.trouble.fail(act)
    with pytest.raises(TemporarilyUnavailable):
        deployment.refreshed(held.refresh_token)
    assert deployment.session_of(held) == before
    deployment.trouble.heal()
    assert deployment.token_of(deployment.refreshed(held.refresh_token)).generation == 2


def test_a_client_whose_answer_was_lost_before_an_end_is_no_suspect(deployment: Deployment, held: TokenGrant) -> None:
    """F8: an operator or the user ended the session, and the client comes back with what it has: no alarm."""
    deployment.end_sessions.all(deployment.alice.user_id, reason="logout_all")
    deployment.clock.advance(seconds=3600)
    deployment.names()
    assert deployment.is_dead(held)
    assert deployment.names() == [EventName.REFRESH_REFUSED]


def test_a_retry_that_arrives_after_the_logout_of_another_tab_is_no_suspect(
    deployment: Deployment, held: TokenGrant
) -> None:
    """An answer was lost. Two tabs try again late, and the one that is answered logs out before the other arrives."""
    retried = deployment.refreshed(held.refresh_token)
    deployment.logout(retried.refresh_token, Reach.ONE)
    deployment.clock.advance(seconds=1)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(held.refresh_token)
    assert EventName.REFRESH_TOKEN_DIVERGED not in deployment.names()


def test_a_token_that_was_dead_before_an_end_is_told(deployment: Deployment, held: TokenGrant) -> None:
    """The orphan of a late retry proves two parties, also after an operator ended the session."""
    deployment.refreshed(held.refresh_token)
    deployment.clock.advance(seconds=3600)
    orphan = minted(deployment, held, 1)
    deployment.end_sessions.all(deployment.alice.user_id, reason="logout_all")
    deployment.clock.advance(seconds=3600)
    deployment.names()
    with pytest.raises(InvalidGrant):
        deployment.refreshed(orphan)
    assert deployment.names() == [EventName.REFRESH_TOKEN_DIVERGED]

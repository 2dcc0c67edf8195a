"""Own sessions: only a living session of a user can list and end that user's sessions."""

from dataclasses import replace

import pytest

from edge_auth.errors import InvalidToken, TemporarilyUnavailable, UnknownSession
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.sessions import AlreadyEnded
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.session import Session
from tests.support.deployment import ABSOLUTE_SECONDS, IDLE_SECONDS, PASSWORD, Deployment


@pytest.fixture
def mine(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login."""
    granted = deployment.log_in()
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


@pytest.fixture
def bobs(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login of another user."""
    deployment.store.identities["bob"] = replace(
        deployment.store.identities["alice"], username="bob", user_id="Qm9iJ3MgdXNlciBpZCAuLg"
    )
    return deployment.log_in("bob", PASSWORD)


def listed(deployment: Deployment, granted: TokenGrant) -> list[str]:
    """Return the ids that a session sees."""
    user_id = deployment.token_of(granted).user_id
    return [session.session_id for session in deployment.own_sessions.living(user_id, granted.session_id)]


def end(deployment: Deployment, granted: TokenGrant, session_id: str) -> None:
    """End a session on request of another session."""
    deployment.own_sessions.end(deployment.token_of(granted).user_id, granted.session_id, session_id)


def test_the_session_used_last_comes_first(deployment: Deployment, mine: TokenGrant) -> None:
    """A login and a refresh both count as use (A18)."""
    deployment.clock.advance(seconds=60)
    second = deployment.log_in()
    deployment.clock.advance(seconds=60)
    third = deployment.log_in()
    assert listed(deployment, mine) == [third.session_id, second.session_id, mine.session_id]
    deployment.clock.advance(seconds=60)
    deployment.refreshed(mine.refresh_token)
    assert listed(deployment, mine) == [mine.session_id, third.session_id, second.session_id]


def test_only_living_sessions_of_ones_own_are_listed(
    deployment: Deployment, mine: TokenGrant, bobs: TokenGrant
) -> None:
    """Another user's session, a logged-out session and a session that was idle too long are absent (A5, A18)."""
    idle, gone = deployment.log_in(), deployment.log_in()
    deployment.logout(gone.refresh_token, Reach.ONE)
    assert set(listed(deployment, mine)) == {mine.session_id, idle.session_id}
    deployment.clock.advance(seconds=IDLE_SECONDS - 1)
    deployment.refreshed(mine.refresh_token)
    deployment.clock.advance(seconds=1)
    assert listed(deployment, mine) == [mine.session_id]
    assert bobs.session_id not in listed(deployment, mine)


def test_a_list_is_one_read(deployment: Deployment, mine: TokenGrant) -> None:
    """The list contains the caller's own session, so no second read is needed."""
    listed(deployment, mine)
    assert deployment.trouble.acts == ["living"]


def test_a_session_of_ones_own_is_ended(deployment: Deployment, mine: TokenGrant) -> None:
    """The session is dead at once, its end is recorded with the reason `user`, and the others live on (A8)."""
    other, third = deployment.log_in(), deployment.log_in()
    deployment.names()
    end(deployment, mine, other.session_id)
    assert deployment.is_dead(other)
    assert deployment.end_of(other).reason == "user"
    assert set(listed(deployment, mine)) == {mine.session_id, third.session_id}
    user_id = deployment.token_of(mine).user_id
    assert deployment.events[0] == SecurityEvent(EventName.SESSION_ENDED, user_id, other.session_id, reason="user")


def test_the_session_that_asks_may_end_itself(deployment: Deployment, mine: TokenGrant) -> None:
    """After that, its access token lists and ends nothing."""
    other = deployment.log_in()
    end(deployment, mine, mine.session_id)
    assert deployment.is_dead(mine)
    for refused in (lambda: listed(deployment, mine), lambda: end(deployment, mine, other.session_id)):
        with pytest.raises(InvalidToken):
            refused()
    assert not deployment.is_dead(other)


@pytest.mark.parametrize("act", ["find_session", "end"])
def test_the_own_session_can_be_ended_again_after_a_failure(deployment: Deployment, mine: TokenGrant, act: str) -> None:
    """Nothing was published, so the authorizer in front of the route lets the same call through."""
    deployment.with_feed()
    mine = deployment.log_in()
    deployment.trouble.fail(act, times=1)
    with pytest.raises(TemporarilyUnavailable):
        end(deployment, mine, mine.session_id)
    assert deployment.feed.session_ids == set()

    end(deployment, mine, mine.session_id)

    assert deployment.end_of(mine).reason == "user"
    assert deployment.feed.session_ids == {mine.session_id}


def test_the_end_of_the_own_session_is_published_by_a_repeated_call(deployment: Deployment, mine: TokenGrant) -> None:
    """The call failed after the end. Its repetition says that the session has ended, when authorizers know it."""
    deployment.with_feed()
    mine = deployment.log_in()
    deployment.trouble.fail("publish", times=2)
    for _ in range(2):
        with pytest.raises(TemporarilyUnavailable):
            end(deployment, mine, mine.session_id)
    assert deployment.names().count(EventName.SESSION_ENDED) == 1

    deployment.trouble.acts.clear()
    with pytest.raises(InvalidToken):
        end(deployment, mine, mine.session_id)

    assert deployment.feed.session_ids == {mine.session_id}
    assert deployment.trouble.acts == ["find_session", "find_ended", "publish", "mark_published"]


def test_a_dead_session_publishes_no_end_for_another_one(deployment: Deployment, mine: TokenGrant) -> None:
    """Only a call that ends the caller's own session may have failed half-way."""
    deployment.with_feed()
    other = deployment.log_in()
    deployment.trouble.fail("publish", times=1)
    with pytest.raises(TemporarilyUnavailable):
        end(deployment, mine, mine.session_id)

    with pytest.raises(InvalidToken):
        end(deployment, mine, other.session_id)
    assert deployment.feed.session_ids == set()


def test_an_own_session_that_ends_meanwhile_has_ended(
    deployment: Deployment, mine: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A logout was faster, and may have failed before authorizers could know it. So they are told."""
    deployment.with_feed()
    mine = deployment.log_in()
    find = deployment.sessions.find

    def then_it_logs_out(user_id: str, session_id: str) -> Session | None:
        found = find(user_id, session_id)
        deployment.trouble.fail("publish", times=1)
        with pytest.raises(TemporarilyUnavailable):
            deployment.logout(mine.refresh_token, Reach.ONE)
        return found

    monkeypatch.setattr(deployment.sessions, "find", then_it_logs_out)
    with pytest.raises(InvalidToken):
        end(deployment, mine, mine.session_id)
    assert deployment.end_of(mine).reason == "logout"
    assert deployment.feed.session_ids == {mine.session_id}


@pytest.mark.parametrize("how", ["logged out", "idle", "absolute", "forgotten"])
def test_a_dead_session_lists_and_ends_nothing(deployment: Deployment, mine: TokenGrant, how: str) -> None:
    """The access token of a dead session stays valid for minutes, but it lists and ends no session."""
    match how:
        case "logged out":
            deployment.logout(mine.refresh_token, Reach.ONE)
        case "idle":
            deployment.clock.advance(seconds=IDLE_SECONDS)
        case "absolute":
            deployment.change_session(mine, idle_expires_at_seconds=2**40)
            deployment.clock.advance(seconds=ABSOLUTE_SECONDS)
        case _:
            deployment.store.sessions.clear()
    other = deployment.log_in()
    before = deployment.session_of(other)
    with pytest.raises(InvalidToken):
        listed(deployment, mine)
    for session_id in (other.session_id, mine.session_id, "unknown"):
        with pytest.raises(InvalidToken):
            end(deployment, mine, session_id)
    assert deployment.session_of(other) == before


def test_every_session_that_is_not_there_reads_the_same(
    deployment: Deployment, mine: TokenGrant, bobs: TokenGrant
) -> None:
    """Another user's session, an ended one and a malformed id get one error, and nothing changes."""
    ended = deployment.log_in()
    deployment.logout(ended.refresh_token, Reach.ONE)
    before = dict(deployment.store.sessions)
    deployment.names()
    for session_id in (bobs.session_id, ended.session_id, "A" * 22, "", "x" * 9000, "..", "é"):
        with pytest.raises(UnknownSession) as caught:
            end(deployment, mine, session_id)
        assert (caught.value.code, caught.value.detail) == ("not_found", "")
    assert deployment.store.sessions == before
    assert deployment.names() == []


def test_what_is_no_id_costs_one_read(deployment: Deployment, mine: TokenGrant) -> None:
    """The one read is for the caller's own session. DynamoDB would refuse the malformed key, so it is not asked."""
    with pytest.raises(UnknownSession):
        end(deployment, mine, "x" * 9000)
    assert deployment.trouble.acts == ["find_session"]


def test_a_session_that_ends_meanwhile_is_not_there(
    deployment: Deployment, mine: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another caller ended the session between the read and the write, so this call records no event."""
    other = deployment.log_in()
    deployment.names()

    def lost(*_args: object, **_kwargs: object) -> None:
        raise AlreadyEnded

    monkeypatch.setattr(deployment.sessions, "end", lost)
    with pytest.raises(UnknownSession):
        end(deployment, mine, other.session_id)
    assert deployment.events == []


@pytest.mark.parametrize("act", ["living", "find_session", "end"])
def test_trouble_is_unavailable_and_the_same_call_works_later(
    deployment: Deployment, mine: TokenGrant, act: str
) -> None:
    """The answer is never 404 or 401 (DC-3, F19)."""
    other = deployment.log_in()
    deployment.trouble.fail(act)
    with pytest.raises(TemporarilyUnavailable):
        listed(deployment, mine) if act == "living" else end(deployment, mine, other.session_id)
    deployment.trouble.heal()
    end(deployment, mine, other.session_id)
    assert listed(deployment, mine) == [mine.session_id]


@pytest.mark.parametrize("times", [100])
def test_a_session_is_listed_as_soon_as_it_is_there(deployment: Deployment, mine: TokenGrant, times: int) -> None:
    """Each of a hundred new sessions is in the next list (A18)."""
    for _ in range(times):
        assert deployment.log_in(device_token=mine.device_token).session_id in listed(deployment, mine)

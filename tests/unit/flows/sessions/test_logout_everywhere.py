"""Logout everywhere: the epoch moves, then every session of the user ends."""

import pytest

from edge_auth.errors import TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.sessions.session import SeenSession
from tests.support.access_tokens import NOW
from tests.support.deployment import GRACE_SECONDS, IDLE_SECONDS, USERNAME, Deployment


@pytest.fixture
def granted(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login."""
    granted = deployment.log_in()
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def test_logout_everywhere_ends_all_sessions(deployment: Deployment, granted: TokenGrant) -> None:
    """Every device of this user is logged out, and no device of another user (A8)."""
    deployment.administration.create("bob", "another correct horse")
    others = [deployment.log_in() for _ in range(3)]
    bobs = deployment.log_in("bob", "another correct horse")
    deployment.logout(others[0].refresh_token, Reach.ALL)
    assert all(deployment.is_dead(one) for one in (granted, *others))
    assert not deployment.is_dead(bobs)
    assert {deployment.end_of(one).reason for one in (granted, *others)} == {"logout_all"}


def test_logout_everywhere_is_told_once(deployment: Deployment, granted: TokenGrant) -> None:
    """One event is recorded for all sessions."""
    deployment.log_in()
    deployment.names()
    deployment.logout(granted.refresh_token, Reach.ALL)
    user_id = deployment.token_of(granted).user_id
    assert deployment.events == [SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, reason="logout_all")]


def test_the_epoch_moves_before_any_session_ends(deployment: Deployment, granted: TokenGrant) -> None:
    """A login that began earlier cannot open a session after this (F12)."""
    deployment.log_in()
    deployment.trouble.acts.clear()
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.trouble.acts == ["find_session", "move_epoch", "to_end", "end", "end"]
    assert deployment.store.identities[USERNAME].epoch == 1


@pytest.mark.parametrize("speaker", range(5))
def test_the_speaking_session_ends_last(deployment: Deployment, speaker: int) -> None:
    """A call that failed half-way can be repeated with the same token, for each session."""
    grants = [deployment.log_in() for _ in range(5)]
    deployment.trouble.fail("end", after=4)
    with pytest.raises(TemporarilyUnavailable):
        deployment.logout(grants[speaker].refresh_token, Reach.ALL)
    assert deployment.living() == 1
    assert deployment.session_of(grants[speaker]).is_live(NOW)
    deployment.trouble.heal()
    deployment.logout(grants[speaker].refresh_token, Reach.ALL)
    assert deployment.living() == 0


@pytest.mark.parametrize("act", ["find_session", "move_epoch", "to_end", "end"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_failure_at_any_step_is_made_up_for_by_a_retry(
    deployment: Deployment, granted: TokenGrant, act: str, after: int
) -> None:
    """After a failure at any step the same token still works, and a second call ends every session (A7, F19)."""
    for _ in range(3):
        deployment.log_in()
    deployment.trouble.fail(act, after=after, times=1)
    try:
        deployment.logout(granted.refresh_token, Reach.ALL)
    except TemporarilyUnavailable:
        deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.living() == 0


def test_a_login_between_epoch_and_sweep_is_dead_or_refused(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A complete login after the epoch moved is ended with the others (F12)."""
    to_end = deployment.sessions.to_end
    late: list[TokenGrant] = []

    def after_a_login(user_id: str) -> list[SeenSession]:
        monkeypatch.setattr(deployment.sessions, "to_end", to_end)
        late.append(deployment.log_in())
        return to_end(user_id)

    monkeypatch.setattr(deployment.sessions, "to_end", after_a_login)
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert len(late) == 1
    assert deployment.is_dead(late[0])


def test_a_login_that_began_before_the_epoch_moved_is_refused(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such a login read the old epoch, so it cannot open a session after the sweep (F12)."""
    open_session = deployment.session_opening.open

    def after_the_sweep(*args: object, **kwargs: object) -> None:
        deployment.logout(granted.refresh_token, Reach.ALL)
        open_session(*args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.session_opening, "open", after_the_sweep)
    with pytest.raises(TemporarilyUnavailable):
        deployment.log_in()
    assert deployment.living() == 0


def test_a_session_that_ends_meanwhile_is_no_failure(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another logout ended the session first, and what is kept of it does not change (F10)."""
    other = deployment.log_in()
    to_end = deployment.sessions.to_end

    def then_the_other_logs_out(user_id: str) -> list[SeenSession]:
        found = to_end(user_id)
        deployment.logout(other.refresh_token, Reach.ONE)
        return found

    monkeypatch.setattr(deployment.sessions, "to_end", then_the_other_logs_out)
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.end_of(other).reason == "logout"
    assert deployment.end_of(granted).reason == "logout_all"


def test_a_revoked_session_cannot_log_out_others(deployment: Deployment, granted: TokenGrant) -> None:
    """A stolen token of a session that was logged out cannot log the user out everywhere."""
    other = deployment.log_in()
    deployment.logout(granted.refresh_token, Reach.ONE)
    deployment.names()
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert not deployment.is_dead(other)
    assert deployment.store.identities[USERNAME].epoch == 0
    assert EventName.ALL_SESSIONS_ENDED not in deployment.names()


def test_an_expired_session_cannot_log_out_others(deployment: Deployment, granted: TokenGrant) -> None:
    """A token of a session that timed out cannot log the user out everywhere."""
    deployment.clock.advance(seconds=IDLE_SECONDS - 10)
    other = deployment.log_in()
    deployment.clock.advance(seconds=10)
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert not deployment.is_dead(other)
    assert deployment.store.identities[USERNAME].epoch == 0


def test_a_deleted_users_sessions_still_end(deployment: Deployment, granted: TokenGrant) -> None:
    """Without an identity there is no epoch to move, and no login is possible."""
    deployment.log_in()
    deployment.store.identities.clear()
    deployment.logout(granted.refresh_token, Reach.ALL)
    assert deployment.living() == 0


def test_a_refresh_that_races_a_logout_loses(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is dead after both calls (F9, F11)."""
    successor = deployment.refreshed(granted.refresh_token)
    rotate = deployment.sessions.rotate
    deployment.clock.advance(seconds=GRACE_SECONDS)

    def after_the_logout(*args: object, **kwargs: object) -> object:
        deployment.logout(granted.refresh_token, Reach.ONE)
        return rotate(*args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.sessions, "rotate", after_the_logout)
    assert deployment.is_dead(successor)
    assert deployment.living() == 0

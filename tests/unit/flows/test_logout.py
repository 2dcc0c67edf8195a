"""Logout: ends one session or all, and says the same whatever it was given."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.errors import InvalidGrant, TemporarilyUnavailable
from edge_auth.flows.events import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.tokens import refresh as refresh_tokens
from edge_auth.tokens.refresh import MacKey
from tests.unit.access_tokens import NOW
from tests.unit.deployment import GRACE_SECONDS, IDLE_SECONDS, USERNAME, Deployment


@pytest.fixture
def granted(deployment: Deployment) -> TokenGrant:
    """Return the grant of a login."""
    granted = deployment.log_in()
    deployment.names()
    deployment.trouble.acts.clear()
    return granted


def is_dead(deployment: Deployment, granted: TokenGrant) -> bool:
    """Say whether a refresh token is refused."""
    try:
        deployment.refreshed(granted.refresh_token)
    except InvalidGrant:
        return True
    return False


def living(deployment: Deployment) -> int:
    """Count the sessions that live."""
    return sum(session.is_live(deployment.clock() // 1000) for session in deployment.store.sessions.values())


def test_logout_ends_the_session(deployment: Deployment, granted: TokenGrant) -> None:
    """At the backend: the refresh token is dead, the tombstone says when and why (A6)."""
    deployment.logout(granted.refresh_token, everywhere=False)
    session = deployment.session_of(granted)
    assert (session.revoked_at_seconds, session.revoked_reason) == (NOW, "logout")
    assert is_dead(deployment, granted)


def test_logout_is_told(deployment: Deployment, granted: TokenGrant) -> None:
    """One event, with user and session."""
    deployment.logout(granted.refresh_token, everywhere=False)
    token = deployment.token_of(granted)
    assert deployment.events == [
        SecurityEvent(EventName.SESSION_ENDED, token.user_id, token.session_id, reason="logout")
    ]


def test_logout_is_one_write(deployment: Deployment, granted: TokenGrant) -> None:
    """And no read."""
    deployment.logout(granted.refresh_token, everywhere=False)
    assert deployment.trouble.acts == ["end"]


def test_logout_twice_is_no_error_and_is_told_once(deployment: Deployment, granted: TokenGrant) -> None:
    """RFC 7009 §2.2 (A6, F10)."""
    deployment.logout(granted.refresh_token, everywhere=False)
    tombstone = deployment.session_of(granted)
    deployment.clock.advance(seconds=5)
    deployment.logout(granted.refresh_token, everywhere=False)
    assert deployment.session_of(granted) == tombstone
    assert deployment.names() == [EventName.SESSION_ENDED]


@pytest.mark.parametrize("generation", [0, 1, 2])
def test_any_generation_logs_out(deployment: Deployment, granted: TokenGrant, generation: int) -> None:
    """A client that missed an answer can still log out, and it is no reuse (F10)."""
    grants = [granted]
    for _ in range(2):
        deployment.clock.advance(seconds=GRACE_SECONDS)
        grants.append(deployment.refreshed(grants[-1].refresh_token))
    deployment.names()
    deployment.logout(grants[generation].refresh_token, everywhere=False)
    assert deployment.session_of(granted).revoked_reason == "logout"
    assert deployment.names() == [EventName.SESSION_ENDED]


def test_logout_leaves_the_other_sessions(deployment: Deployment, granted: TokenGrant) -> None:
    """One device, not all."""
    other = deployment.log_in()
    deployment.logout(granted.refresh_token, everywhere=False)
    assert not is_dead(deployment, other)


def flipped(deployment: Deployment, granted: TokenGrant) -> str:
    """Return the token with one character changed."""
    del deployment
    text = granted.refresh_token
    return text[:-1] + ("A" if text[-1] != "A" else "B")


def foreign(deployment: Deployment, granted: TokenGrant) -> str:
    """Return the token as another deployment would have written it."""
    return refresh_tokens.mint(deployment.token_of(granted), MacKey(b"mac-1", b"9" * 32))


def of_another_seed(deployment: Deployment, granted: TokenGrant) -> str:
    """Return an authentic token for the session's id that is not the session's."""
    token = replace(deployment.token_of(granted), seed=b"\x00" * 16)
    return refresh_tokens.mint(token, deployment.key_ring.ring.mac)


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("forge", [flipped, foreign, of_another_seed])
def test_a_forged_token_changes_nothing(
    deployment: Deployment,
    granted: TokenGrant,
    forge: Callable[[Deployment, TokenGrant], str],
    everywhere: bool,  # noqa: FBT001 - both ways
) -> None:
    """And is answered like any other (A6, F10)."""
    before = dict(deployment.store.sessions)
    deployment.logout(forge(deployment, granted), everywhere=everywhere)
    assert deployment.store.sessions == before
    assert deployment.store.identities[USERNAME].epoch == 0
    assert deployment.names() == []


@pytest.mark.parametrize("everywhere", [False, True])
@pytest.mark.parametrize("text", ["", "x", "edgeauth_rt_", "eyJhbGciOiJFUzI1NiJ9.e30.AAAA", "\ud800", "x" * 10_000])
def test_garbage_costs_no_call(deployment: Deployment, text: str, everywhere: bool) -> None:  # noqa: FBT001 - both ways
    """The MAC is checked first (F37)."""
    deployment.logout(text, everywhere=everywhere)
    assert deployment.trouble.acts == []


def test_a_deleted_session_is_not_created(deployment: Deployment, granted: TokenGrant) -> None:
    """No ghost (F25)."""
    deployment.store.sessions.clear()
    deployment.logout(granted.refresh_token, everywhere=False)
    deployment.logout(granted.refresh_token, everywhere=True)
    assert deployment.store.sessions == {}
    assert deployment.names() == []


@pytest.mark.parametrize("everywhere", [False, True])
def test_an_outage_is_said_and_the_call_may_be_repeated(
    deployment: Deployment,
    granted: TokenGrant,
    everywhere: bool,  # noqa: FBT001 - both ways
) -> None:
    """The client must not believe that it is logged out (A7)."""
    deployment.trouble.fail("end")
    with pytest.raises(TemporarilyUnavailable):
        deployment.logout(granted.refresh_token, everywhere=everywhere)
    assert deployment.names() == []
    deployment.trouble.heal()
    deployment.logout(granted.refresh_token, everywhere=everywhere)
    assert is_dead(deployment, granted)


def test_logout_everywhere_ends_all_sessions(deployment: Deployment, granted: TokenGrant) -> None:
    """Every device of this user, and no device of another (A8)."""
    deployment.accounts.create("bob", "another correct horse")
    others = [deployment.log_in() for _ in range(3)]
    bobs = deployment.log_in("bob", "another correct horse")
    deployment.logout(others[0].refresh_token, everywhere=True)
    assert all(is_dead(deployment, one) for one in (granted, *others))
    assert not is_dead(deployment, bobs)
    assert {deployment.session_of(one).revoked_reason for one in (granted, *others)} == {"logout_all"}


def test_logout_everywhere_is_told_once(deployment: Deployment, granted: TokenGrant) -> None:
    """One event for all."""
    deployment.log_in()
    deployment.names()
    deployment.logout(granted.refresh_token, everywhere=True)
    user_id = deployment.token_of(granted).user_id
    assert deployment.events == [SecurityEvent(EventName.ALL_SESSIONS_ENDED, user_id, reason="logout_all")]


def test_the_epoch_moves_before_any_session_ends(deployment: Deployment, granted: TokenGrant) -> None:
    """From then on no login that began before can open another (F12)."""
    deployment.log_in()
    deployment.trouble.acts.clear()
    deployment.logout(granted.refresh_token, everywhere=True)
    assert deployment.trouble.acts == ["find_session", "move_epoch", "of_user", "end", "end"]
    assert deployment.store.identities[USERNAME].epoch == 1


@pytest.mark.parametrize("speaker", range(5))
def test_the_speaking_session_ends_last(deployment: Deployment, speaker: int) -> None:
    """So that a call that failed half-way can be made again, whichever session spoke."""
    grants = [deployment.log_in() for _ in range(5)]
    deployment.trouble.fail("end", after=4)
    with pytest.raises(TemporarilyUnavailable):
        deployment.logout(grants[speaker].refresh_token, everywhere=True)
    assert living(deployment) == 1
    assert deployment.session_of(grants[speaker]).is_live(NOW)
    deployment.trouble.heal()
    deployment.logout(grants[speaker].refresh_token, everywhere=True)
    assert living(deployment) == 0


@pytest.mark.parametrize("act", ["find_session", "move_epoch", "of_user", "end"])
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_failure_at_any_step_is_made_up_for_by_a_retry(
    deployment: Deployment, granted: TokenGrant, act: str, after: int
) -> None:
    """Whatever failed, the same token still speaks, and then everything has ended (A7, F19)."""
    for _ in range(3):
        deployment.log_in()
    deployment.trouble.fail(act, after=after, times=1)
    try:
        deployment.logout(granted.refresh_token, everywhere=True)
    except TemporarilyUnavailable:
        deployment.logout(granted.refresh_token, everywhere=True)
    assert living(deployment) == 0


def test_a_login_between_epoch_and_sweep_is_dead_or_refused(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole login after the epoch moved is swept with the others (F12)."""
    of_user = deployment.sessions.of_user
    late: list[TokenGrant] = []

    def after_a_login(user_id: str) -> object:
        late.append(deployment.log_in())
        return of_user(user_id)

    monkeypatch.setattr(deployment.sessions, "of_user", after_a_login)
    deployment.logout(granted.refresh_token, everywhere=True)
    assert len(late) == 1
    assert is_dead(deployment, late[0])


def test_a_login_that_began_before_the_epoch_moved_is_refused(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It read the old epoch, and may not open a session after the sweep (F12)."""
    open_session = deployment.session_opening.open

    def after_the_sweep(*args: object, **kwargs: object) -> None:
        deployment.logout(granted.refresh_token, everywhere=True)
        open_session(*args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.session_opening, "open", after_the_sweep)
    with pytest.raises(TemporarilyUnavailable):
        deployment.log_in()
    assert living(deployment) == 0


def test_a_session_that_ends_meanwhile_is_no_failure(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another logout came first; its tombstone stays (F10)."""
    other = deployment.log_in()
    of_user = deployment.sessions.of_user

    def then_the_other_logs_out(user_id: str) -> object:
        found = of_user(user_id)
        deployment.logout(other.refresh_token, everywhere=False)
        return found

    monkeypatch.setattr(deployment.sessions, "of_user", then_the_other_logs_out)
    deployment.logout(granted.refresh_token, everywhere=True)
    assert deployment.session_of(other).revoked_reason == "logout"
    assert deployment.session_of(granted).revoked_reason == "logout_all"


def test_a_revoked_session_speaks_for_nobody(deployment: Deployment, granted: TokenGrant) -> None:
    """A stolen token from a session that was logged out cannot log the user out everywhere."""
    other = deployment.log_in()
    deployment.logout(granted.refresh_token, everywhere=False)
    deployment.names()
    deployment.logout(granted.refresh_token, everywhere=True)
    assert not is_dead(deployment, other)
    assert deployment.store.identities[USERNAME].epoch == 0
    assert EventName.ALL_SESSIONS_ENDED not in deployment.names()


def test_an_expired_session_speaks_for_nobody(deployment: Deployment, granted: TokenGrant) -> None:
    """Nor one that timed out."""
    deployment.clock.advance(seconds=IDLE_SECONDS - 10)
    other = deployment.log_in()
    deployment.clock.advance(seconds=10)
    deployment.logout(granted.refresh_token, everywhere=True)
    assert not is_dead(deployment, other)
    assert deployment.store.identities[USERNAME].epoch == 0


def test_a_deleted_users_sessions_still_end(deployment: Deployment, granted: TokenGrant) -> None:
    """Without an identity there is no epoch to move, and nobody who could log in."""
    deployment.log_in()
    deployment.store.identities.clear()
    deployment.logout(granted.refresh_token, everywhere=True)
    assert living(deployment) == 0


def test_a_refresh_that_races_a_logout_loses(
    deployment: Deployment, granted: TokenGrant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever comes first, the session is dead afterwards (F9, F11)."""
    successor = deployment.refreshed(granted.refresh_token)
    rotate = deployment.sessions.rotate
    deployment.clock.advance(seconds=GRACE_SECONDS)

    def after_the_logout(*args: object, **kwargs: object) -> object:
        deployment.logout(granted.refresh_token, everywhere=False)
        return rotate(*args, **kwargs)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.sessions, "rotate", after_the_logout)
    assert is_dead(deployment, successor)
    assert living(deployment) == 0

"""The change of a password by its user."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import DISABLED
from edge_auth.credentials.passwords import needs_rehash
from edge_auth.errors import (
    AuthError,
    InvalidCredentials,
    InvalidRequest,
    InvalidToken,
    PasswordCommon,
    PasswordGuessable,
    PasswordTooLong,
    PasswordTooShort,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.sessions.logout import Reach
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.deployment import IDLE_SECONDS, PASSWORD, USERNAME, Deployment

NEW_PASSWORD = "staple battery horse"
WRONG_PASSWORD = "incorrect horse battery"


@pytest.fixture
def own(deployment: Deployment) -> TokenGrant:
    """Return the grant of the session that asks for the change."""
    return deployment.log_in()


def change(deployment: Deployment, own: TokenGrant, current: str = PASSWORD, new: str = NEW_PASSWORD) -> None:
    """Change the password in this session."""
    token = deployment.token_of(own)
    deployment.change_password(token.user_id, token.session_id, current, new)


def refused(deployment: Deployment, own: TokenGrant, error: type[AuthError], current: str, new: str) -> None:
    """Check that a change is refused and changes neither the user nor a session."""
    identities, sessions = dict(deployment.store.identities), dict(deployment.store.sessions)
    with pytest.raises(error):
        change(deployment, own, current, new)
    assert (deployment.store.identities, deployment.store.sessions) == (identities, sessions)


def test_the_new_password_is_the_password(deployment: Deployment, own: TokenGrant) -> None:
    """The new hash has the current profile, the epoch moves, and the rest of the user does not change."""
    before = deployment.store.identities[USERNAME]
    change(deployment, own)
    after = deployment.store.identities[USERNAME]
    assert replace(after, password_hash=before.password_hash) == replace(before, epoch=1)
    assert not needs_rehash(after.password_hash)
    with pytest.raises(InvalidCredentials):
        deployment.log_in()
    deployment.log_in(USERNAME, NEW_PASSWORD)


def test_all_other_sessions_end_and_this_one_goes_on(deployment: Deployment, own: TokenGrant) -> None:
    """A8, F17: a person who knew the old password is logged out, and the session that made the change goes on."""
    others = [deployment.log_in() for _ in range(3)]
    change(deployment, own)
    assert {deployment.end_of(other).reason for other in others} == {"password_changed"}
    assert all(deployment.is_dead(other) for other in others)
    assert not deployment.has_ended(own)
    assert deployment.refreshed(own.refresh_token).session_id == own.session_id


def test_the_current_password_is_needed(deployment: Deployment, own: TokenGrant) -> None:
    """An access token alone is not enough, because it may be stolen."""
    deployment.log_in()
    refused(deployment, own, InvalidCredentials, WRONG_PASSWORD, NEW_PASSWORD)


@pytest.mark.parametrize("current", [PASSWORD + " ", PASSWORD.upper(), PASSWORD[:-1]])
def test_the_current_password_is_checked_as_received(deployment: Deployment, own: TokenGrant, current: str) -> None:
    """P3: the check is the same as at a login."""
    refused(deployment, own, InvalidCredentials, current, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("new", "error"),
    [
        ("a" * 14, PasswordTooShort),
        ("a" * 129, PasswordTooLong),
        ("a" * 2000, PasswordTooLong),
        ("QWERTY123456789", PasswordCommon),
        ("API.example.com", PasswordGuessable),
        ("correct horse \ud800 battery", InvalidRequest),
    ],
)
def test_a_new_password_that_breaks_a_rule_changes_nothing(
    deployment: Deployment, own: TokenGrant, new: str, error: type[AuthError], argon2_runs: list[str]
) -> None:
    """P1, P4, P10: the error has the reason, no hash is computed, and the call is not counted as an attempt."""
    acts = len(deployment.trouble.acts)
    refused(deployment, own, error, PASSWORD, new)
    assert argon2_runs == []
    assert "count" not in deployment.trouble.acts[acts:]


def test_the_users_own_name_is_no_password(deployment: Deployment, own: TokenGrant) -> None:
    """P4: the rule uses the name of the account, and not a name that the client sends."""
    user = deployment.store.identities.pop(USERNAME)
    name = "augusta.ada.lovelace"
    deployment.store.identities[name] = replace(user, username=name)
    refused(deployment, own, PasswordGuessable, PASSWORD, name.upper())


@pytest.mark.parametrize("current", ["", "a" * 1025, "\ud800"])
def test_a_current_password_that_is_none_is_malformed(deployment: Deployment, own: TokenGrant, current: str) -> None:
    """P7, P10: the rules are the same as at a login."""
    refused(deployment, own, InvalidRequest, current, NEW_PASSWORD)


@pytest.mark.parametrize("end", ["logout", "everywhere", "idle", "gone", "another's"])
def test_an_ended_session_changes_nothing(
    deployment: Deployment, own: TokenGrant, end: str, argon2_runs: list[str]
) -> None:
    """The access token of an ended session stays valid for minutes, but it cannot change a password."""
    token = deployment.token_of(own)
    user_id = token.user_id
    match end:
        case "logout":
            deployment.logout(own.refresh_token, Reach.ONE)
        case "everywhere":
            deployment.logout(own.refresh_token, Reach.ALL)
        case "idle":
            deployment.clock.advance(seconds=IDLE_SECONDS)
        case "gone":
            deployment.store.sessions.clear()
        case _:
            user_id = "somebody else"
    before = dict(deployment.store.identities)
    with pytest.raises(InvalidToken):
        deployment.change_password(user_id, token.session_id, PASSWORD, NEW_PASSWORD)
    assert deployment.store.identities == before
    assert argon2_runs == []


@pytest.mark.parametrize(
    ("fate", "current"),
    [
        ("living", WRONG_PASSWORD),
        *((fate, current) for fate in ("disabled", "deleted") for current in (PASSWORD, WRONG_PASSWORD)),
    ],
)
def test_nothing_tells_what_became_of_the_user(
    deployment: Deployment, own: TokenGrant, fate: str, current: str, argon2_runs: list[str]
) -> None:
    """P8, F18: a disabled or deleted user whose session still lives is answered like a wrong password."""
    user = deployment.store.identities[USERNAME]
    if fate == "disabled":
        deployment.store.identities[USERNAME] = replace(user, status=DISABLED)
    elif fate == "deleted":
        del deployment.store.identities[USERNAME]
    refused(deployment, own, InvalidCredentials, current, NEW_PASSWORD)
    assert len(argon2_runs) == 2
    assert all(run.startswith("$argon2id$v=19$m=19456,t=2,p=1$") for run in argon2_runs)


@pytest.mark.parametrize("stored", ["", "x", "$argon2id$v=19$m=4194304,t=2,p=1$AAAA$AAAA"])
def test_a_malformed_stored_hash_is_a_wrong_password(
    deployment: Deployment, own: TokenGrant, stored: str, argon2_runs: list[str]
) -> None:
    """P9: the check costs the usual time."""
    deployment.store.identities[USERNAME] = replace(deployment.store.identities[USERNAME], password_hash=stored)
    refused(deployment, own, InvalidCredentials, PASSWORD, NEW_PASSWORD)
    assert len(argon2_runs) == 2


def test_wrong_passwords_make_the_next_change_wait(
    deployment: Deployment, own: TokenGrant, argon2_runs: list[str]
) -> None:
    """P11, P12: a stolen session gives as many guesses as a login, and no password is checked during a wait."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        refused(deployment, own, InvalidCredentials, WRONG_PASSWORD, NEW_PASSWORD)
    argon2_runs.clear()
    with pytest.raises(TooManyAttempts) as waits:
        change(deployment, own)
    assert (waits.value.retry_after_seconds, argon2_runs) == (1, [])
    deployment.clock.advance(seconds=1)
    refused(deployment, own, InvalidCredentials, WRONG_PASSWORD, NEW_PASSWORD)


def test_a_stranger_who_guesses_makes_no_change_wait(deployment: Deployment, own: TokenGrant) -> None:
    """P11: logins are counted elsewhere, in both directions, and no source is asked."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            deployment.log_in(password=WRONG_PASSWORD)
    with pytest.raises(TooManyAttempts):
        deployment.log_in()
    for _ in range(PASSWORD_BACKOFF.free_attempts - 1):
        refused(deployment, own, InvalidCredentials, WRONG_PASSWORD, NEW_PASSWORD)
    acts = len(deployment.trouble.acts)
    change(deployment, own)
    assert deployment.trouble.acts[acts:][:5] == ["find_session", "find_by_id", "book", "count", "forget"]


@pytest.mark.parametrize("act", ["find_session", "find_by_id", "count", "replace_password"])
def test_trouble_before_the_change_changes_nothing(deployment: Deployment, own: TokenGrant, act: str) -> None:
    """F19, P16: the old password stays valid and all sessions live."""
    deployment.log_in()
    deployment.trouble.fail(act)
    refused(deployment, own, TemporarilyUnavailable, PASSWORD, NEW_PASSWORD)
    deployment.trouble.heal()
    change(deployment, own)


@pytest.mark.parametrize("act", ["find_session", "find_by_id", "count"])
def test_trouble_before_the_password_is_looked_at_costs_no_hash(
    deployment: Deployment, own: TokenGrant, act: str, argon2_runs: list[str]
) -> None:
    """P16: an attempt that cannot be counted is not made."""
    deployment.trouble.fail(act)
    refused(deployment, own, TemporarilyUnavailable, PASSWORD, NEW_PASSWORD)
    assert argon2_runs == []


@pytest.mark.parametrize("act", ["to_end", "end"])
def test_trouble_after_the_change_is_made_up_for_by_the_same_call(
    deployment: Deployment, own: TokenGrant, act: str
) -> None:
    """A8: the second call accepts the new password as the current one and ends the remaining sessions."""
    others = [deployment.log_in() for _ in range(3)]
    deployment.trouble.fail(act, after=0 if act == "to_end" else 1)
    with pytest.raises(TemporarilyUnavailable):
        change(deployment, own)
    epoch = deployment.store.identities[USERNAME].epoch
    deployment.trouble.heal()
    change(deployment, own)
    assert all(deployment.is_dead(other) for other in others)
    assert not deployment.is_dead(own)
    assert deployment.store.identities[USERNAME].epoch == epoch == 1


def test_the_same_call_again_changes_nothing_more(deployment: Deployment, own: TokenGrant) -> None:
    """The second call is answered like the first, because the first answer may be lost."""
    change(deployment, own)
    changed = deployment.store.identities[USERNAME]
    change(deployment, own)
    assert deployment.store.identities[USERNAME] == changed


@pytest.mark.parametrize(("act", "current"), [("forget", PASSWORD), ("fail", WRONG_PASSWORD)])
def test_an_outcome_that_cannot_be_counted_changes_no_answer(
    deployment: Deployment, own: TokenGrant, act: str, current: str
) -> None:
    """The attempt counts as failed later, and that is recorded."""
    deployment.trouble.fail(act)
    if current == PASSWORD:
        change(deployment, own)
    else:
        refused(deployment, own, InvalidCredentials, current, NEW_PASSWORD)
    assert EventName.ATTEMPT_NOT_DECIDED in deployment.names()


RACES: dict[str, Callable[[Deployment], object]] = {
    "another change": lambda deployment: deployment.administration.set_password(
        deployment.alice, "quite another password"
    ),
    "disabled": lambda deployment: deployment.administration.disable(deployment.alice),
    "all sessions ended": lambda deployment: deployment.administration.end_sessions(deployment.alice),
}


@pytest.mark.parametrize("race", RACES)
def test_a_user_that_changes_meanwhile_is_not_overwritten(
    deployment: Deployment, own: TokenGrant, race: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F11: the change that moves the epoch first wins, and this call is answered as unavailable."""
    admit = deployment.attempts.count

    def meanwhile(*arguments: object, **named: object) -> object:
        RACES[race](deployment)
        return admit(*arguments, **named)  # type: ignore[arg-type]  # passed through

    monkeypatch.setattr(deployment.attempts, "count", meanwhile)
    with pytest.raises(TemporarilyUnavailable, match="the identity changed"):
        change(deployment, own)
    monkeypatch.undo()
    assert deployment.store.identities[USERNAME].epoch == 1
    assert deployment.is_dead(own)


def test_what_happened_is_told(deployment: Deployment, own: TokenGrant) -> None:
    """The events have the user and the session, and no password."""
    deployment.log_in()
    deployment.events.clear()
    token = deployment.token_of(own)
    with pytest.raises(InvalidCredentials):
        change(deployment, own, WRONG_PASSWORD)
    change(deployment, own)
    who = (token.user_id, token.session_id)
    assert deployment.events == [
        SecurityEvent(EventName.PASSWORD_CHANGE_FAILED, *who, reason="wrong password"),
        SecurityEvent(EventName.PASSWORD_CHANGED, *who),
        SecurityEvent(EventName.ALL_SESSIONS_ENDED, *who, reason="password_changed"),
    ]

"""Login: its answer, its writes and its events."""

import threading
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from edge_auth.accounts.identity import DISABLED, UNCONFIRMED
from edge_auth.credentials.passwords import needs_rehash
from edge_auth.credentials.profiles import checked_profiles
from edge_auth.errors import (
    EmailNotConfirmed,
    InvalidCredentials,
    InvalidRequest,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.sessions.session import NEVER_ROTATED_MS
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.access_tokens import AUDIENCE, ISSUER, NOW
from tests.support.deployment import (
    ABSOLUTE_SECONDS,
    ACCESS_SECONDS,
    ADDRESS,
    IDLE_SECONDS,
    PASSWORD,
    POLICY,
    USERNAME,
    Deployment,
)
from tests.support.fakes.stores import MemoryIdentities
from tests.unit.credentials.test_passwords import MALFORMED, WEAK, weak_hash


def change_alice(deployment: Deployment, *, password_hash: str = "", status: str = "") -> None:
    """Give alice another hash or status without moving her epoch."""
    alice = deployment.store.identities[USERNAME]
    deployment.store.identities[USERNAME] = replace(
        alice, password_hash=password_hash or alice.password_hash, status=status or alice.status
    )


def refused_login(deployment: Deployment, username: str = USERNAME, password: str = PASSWORD) -> InvalidCredentials:
    """Log in and return the refusal."""
    with pytest.raises(InvalidCredentials) as caught:
        deployment.log_in(username, password)
    assert deployment.store.sessions == {}
    return caught.value


def test_the_right_password_opens_a_session(deployment: Deployment) -> None:
    """The table has one session, with everything that a refresh needs."""
    granted = deployment.log_in()
    session = deployment.session_of(granted)
    token = deployment.token_of(granted)
    assert len(deployment.store.sessions) == 1
    assert (session.user_id, session.session_id) == (token.user_id, granted.session_id)
    assert (session.generation, session.rotated_at_ms, session.rotation_id) == (0, NEVER_ROTATED_MS, "")
    assert (session.created_at_seconds, session.auth_time_seconds) == (NOW, NOW)
    assert session.idle_expires_at_seconds == NOW + IDLE_SECONDS
    assert session.absolute_expires_at_seconds == NOW + ABSOLUTE_SECONDS
    assert (session.scope, session.roles, session.amr) == ("orders:read", ("admin",), ("pwd",))
    assert session.is_live(NOW)


def test_the_table_holds_nothing_that_could_be_presented(deployment: Deployment) -> None:
    """The table has the hash of the seed, and neither the seed nor a token (A15)."""
    granted = deployment.log_in()
    token, session = deployment.token_of(granted), deployment.session_of(granted)
    assert session.seed_hash == token.seed_hash
    assert token.seed.hex() not in repr(session)
    assert repr(token.seed) not in repr(session)
    assert granted.refresh_token not in repr(deployment.store)


def test_the_access_token_says_who_logged_in(deployment: Deployment) -> None:
    """It has issuer, audience, user, session, rights, and the time of the password check (T1, T9)."""
    granted = deployment.log_in()
    claims = deployment.claims_of(granted)
    assert (claims.iss, claims.aud) == (ISSUER, AUDIENCE)
    assert claims.sub == deployment.store.identities[USERNAME].user_id
    assert claims.sid == granted.session_id
    assert (claims.iat, claims.exp, claims.auth_time) == (NOW, NOW + ACCESS_SECONDS, NOW)
    assert (claims.scope, claims.roles, claims.amr, claims.client_id) == (
        "orders:read",
        ("admin",),
        ("pwd",),
        "first-party",
    )


def test_the_answer_names_both_lifetimes(deployment: Deployment) -> None:
    """Both lifetimes are the remaining seconds."""
    granted = deployment.log_in()
    assert (granted.expires_in_seconds, granted.refresh_expires_in_seconds) == (ACCESS_SECONDS, IDLE_SECONDS)
    assert granted.scope == "orders:read"


def test_the_answer_does_not_show_its_tokens(deployment: Deployment) -> None:
    """A grant in a log line or a traceback shows no token (L4)."""
    granted = deployment.log_in()
    assert granted.access_token not in repr(granted)
    assert granted.refresh_token not in repr(granted)


def test_every_login_opens_another_session(deployment: Deployment) -> None:
    """Session ids, token ids and seeds are new for each login, and a client cannot choose them (P15)."""
    one, other = deployment.log_in(), deployment.log_in()
    assert one.session_id != other.session_id
    assert deployment.claims_of(one).jti != deployment.claims_of(other).jti
    assert deployment.token_of(one).seed != deployment.token_of(other).seed
    assert len(deployment.store.sessions) == 2


def test_a_login_is_told(deployment: Deployment) -> None:
    """One event is recorded, with the user and the session."""
    granted = deployment.log_in()
    user_id = deployment.store.identities[USERNAME].user_id
    assert deployment.events == [SecurityEvent(EventName.LOGIN_SUCCEEDED, user_id, granted.session_id)]


@pytest.mark.parametrize("username", ["ALICE", "Alice", "\uff41lice"])
def test_any_spelling_of_the_name_finds_its_user(deployment: Deployment, username: str) -> None:
    """The login looks for the canonical form of the name."""
    assert deployment.log_in(username).session_id


@pytest.mark.parametrize("username", ["", "a b", "a\x00", "a" * 129, "\ud800", "user#1"])
def test_a_malformed_user_name_is_an_invalid_request(
    deployment: Deployment, username: str, argon2_runs: list[str]
) -> None:
    """The error does not show which users exist, and no hash is computed."""
    with pytest.raises(InvalidRequest):
        deployment.log_in(username)
    assert (argon2_runs, deployment.trouble.acts) == ([], [])


@pytest.mark.parametrize("password", ["", "a" * 1025, "\ud800"])
def test_a_malformed_password_is_refused_before_any_work(
    deployment: Deployment, password: str, argon2_runs: list[str]
) -> None:
    """A malformed password costs no read and no hash (P7, P10)."""
    with pytest.raises(InvalidRequest):
        deployment.log_in(USERNAME, password)
    assert (argon2_runs, deployment.trouble.acts) == ([], [])


def test_wrong_unknown_and_disabled_are_answered_alike(deployment: Deployment, argon2_runs: list[str]) -> None:
    """They have the same code and text, and each costs exactly one Argon2 run (P8)."""
    wrong = refused_login(deployment, password="wrong password")
    unknown = refused_login(deployment, username="mallory")
    unknown_and_wrong = refused_login(deployment, username="mallory", password="wrong password")
    change_alice(deployment, status=DISABLED)
    disabled = refused_login(deployment)
    disabled_and_wrong = refused_login(deployment, password="wrong password")
    answers = {
        (error.code, error.description) for error in (wrong, unknown, unknown_and_wrong, disabled, disabled_and_wrong)
    }
    assert answers == {("invalid_credentials", "The user name or password is wrong.")}
    assert len(argon2_runs) == 5


def test_unknown_users_cost_what_known_ones_cost(deployment: Deployment, argon2_runs: list[str]) -> None:
    """The calls to the stores and the parameters of the Argon2 run are the same (P8)."""
    refused_login(deployment, password="wrong password")
    for_known = sorted(deployment.trouble.acts)
    deployment.trouble.acts.clear()
    refused_login(deployment, username="mallory", password="wrong password")
    assert sorted(deployment.trouble.acts) == for_known == ["book", "count", "fail", "find_identity"]
    assert len({phc[: phc.index("$", 15)] for phc in argon2_runs}) == 1


def test_failed_logins_are_told_with_their_reason(deployment: Deployment) -> None:
    """The reason is in the log and not in the answer. An unknown user has no id."""
    user_id = deployment.store.identities[USERNAME].user_id
    refused_login(deployment, password="wrong password")
    refused_login(deployment, username="mallory")
    change_alice(deployment, status=DISABLED)
    refused_login(deployment)
    assert [event.name for event in deployment.events] == [EventName.LOGIN_FAILED] * 3
    assert [event.user_id for event in deployment.events] == [user_id, "", user_id]
    assert all(event.reason for event in deployment.events)
    assert "mallory" not in repr(deployment.events)


@pytest.mark.parametrize("kind", ["empty", "rubbish", "argon2i", "huge memory", "huge time", "lone surrogate"])
def test_a_malformed_stored_hash_is_a_failed_login(deployment: Deployment, kind: str, argon2_runs: list[str]) -> None:
    """The login does not crash, and the work is the same (P8, P9)."""
    alice = deployment.store.identities[USERNAME]
    deployment.store.identities[USERNAME] = replace(alice, password_hash=MALFORMED[kind])
    refused_login(deployment)
    assert len(argon2_runs) == 1


def test_an_outdated_hash_is_renewed(deployment: Deployment) -> None:
    """The hash gets the current profile. The session and the epoch stay (P6)."""
    change_alice(deployment, password_hash=weak_hash(PASSWORD))
    deployment.profiles = WEAK
    granted = deployment.log_in()
    alice = deployment.store.identities[USERNAME]
    assert not needs_rehash(alice.password_hash)
    assert alice.epoch == 0
    assert deployment.session_of(granted).is_live(NOW)
    assert deployment.log_in().session_id != granted.session_id


def test_a_stronger_hash_is_left_alone(deployment: Deployment) -> None:
    """A hash with more memory, more passes or more lanes than today's stays (P6)."""
    stronger = weak_hash(PASSWORD, memory_kib=20_000, iterations=3, lanes=2)
    change_alice(deployment, password_hash=stronger)
    deployment.profiles = checked_profiles("m=20000,t=3,p=2")
    deployment.log_in()
    assert deployment.store.identities[USERNAME].password_hash == stronger


@pytest.mark.parametrize(
    ("case", "reason"),
    [
        ("unknown user", "no usable password hash"),
        ("today's profile", "wrong password"),
        ("a declared profile", "wrong password"),
        ("the profile of a renewal", "wrong password"),
        ("an undeclared profile", "the profile of the password hash is not declared"),
        ("an undeclared profile, right password", "the profile of the password hash is not declared"),
        ("damaged", "no usable password hash"),
        ("disabled", "the user is disabled"),
        ("disabled, wrong password", "the user is disabled"),
    ],
)
def test_no_profile_tells_who_exists(deployment: Deployment, case: str, reason: str, argon2_runs: list[str]) -> None:
    """P8: a refused login hashes once under each profile, whichever the user's hash has, and the log says why."""
    hashes = {
        "a declared profile": weak_hash(PASSWORD, memory_kib=128, iterations=3, lanes=2),
        "the profile of a renewal": weak_hash(PASSWORD, memory_kib=19_456, iterations=3),
        "an undeclared profile": weak_hash(PASSWORD, memory_kib=256),
        "damaged": MALFORMED["rubbish"],
    }
    deployment.profiles = checked_profiles("m=64,t=1,p=1;m=128,t=3,p=2")
    change_alice(
        deployment,
        password_hash=hashes.get(case.partition(",")[0], ""),
        status=DISABLED if case.startswith("disabled") else "",
    )
    is_right = case in ("disabled", "an undeclared profile, right password")
    refused_login(deployment, "mallory" if case == "unknown user" else USERNAME, PASSWORD if is_right else "wrong")
    profiles = sorted(run.split("$")[3] for run in argon2_runs)
    assert profiles == ["m=128,t=3,p=2", "m=19456,t=2,p=1", "m=19456,t=3,p=1", "m=64,t=1,p=1"]
    assert [event.reason for event in deployment.events] == [reason]


def test_a_hash_under_an_undeclared_profile_is_mended_by_a_new_password(deployment: Deployment) -> None:
    """P8: an operator sets a password, or declares the profile."""
    stored = weak_hash(PASSWORD, memory_kib=256)
    change_alice(deployment, password_hash=stored)
    refused_login(deployment)
    deployment.administration.set_password(deployment.store.identities[USERNAME], PASSWORD)
    deployment.log_in()


def test_todays_hash_is_left_alone(deployment: Deployment) -> None:
    """No second hash is computed, and nothing is written (P6)."""
    before = deployment.store.identities[USERNAME]
    deployment.log_in()
    assert deployment.store.identities[USERNAME] == before
    assert "renew_hash" not in deployment.trouble.acts


def test_a_wrong_password_renews_nothing(deployment: Deployment) -> None:
    """Only the right password is hashed again (P6)."""
    weak = weak_hash(PASSWORD)
    change_alice(deployment, password_hash=weak)
    deployment.profiles = WEAK
    refused_login(deployment, password="wrong password")
    assert deployment.store.identities[USERNAME].password_hash == weak


def test_a_renewal_that_fails_does_not_fail_the_login(deployment: Deployment) -> None:
    """The failure is recorded, and the next login tries again (P6)."""
    change_alice(deployment, password_hash=weak_hash(PASSWORD))
    deployment.profiles = WEAK
    deployment.trouble.fail("renew_hash")
    granted = deployment.log_in()
    assert deployment.claims_of(granted).sid == granted.session_id
    told, succeeded = deployment.events
    user_id = deployment.alice.user_id
    assert told == SecurityEvent(EventName.PASSWORD_HASH_NOT_RENEWED, user_id, reason="injected: renew_hash")
    assert succeeded.name is EventName.LOGIN_SUCCEEDED
    assert needs_rehash(deployment.store.identities[USERNAME].password_hash)


def test_who_has_to_confirm_the_address_and_knows_the_password_is_recorded(deployment: Deployment) -> None:
    """It is no wrong password, so the account does not wait."""
    change_alice(deployment, status=UNCONFIRMED)
    for _ in range(PASSWORD_BACKOFF.free_attempts + 1):
        with pytest.raises(EmailNotConfirmed):
            deployment.log_in()

    told = SecurityEvent(EventName.LOGIN_FAILED, deployment.alice.user_id, reason="unconfirmed")
    assert set(deployment.events) == {told}


@pytest.mark.parametrize("change", ["sessions ended", "password set", "disabled"])
def test_an_account_that_changes_during_the_login_opens_no_session(
    deployment: Deployment, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The epoch moved between the check and the opening, so no session is opened (F12, F18)."""
    found = deployment.identities.find

    def found_then_changed(username: str) -> object:
        identity = found(username)
        operator = MemoryIdentities(deployment.store)
        match change:
            case "sessions ended":
                operator.move_epoch(identity.user_id)
            case "password set":
                operator.change_password(identity, "another")
            case _:
                operator.change_status(identity, DISABLED)
        return identity

    monkeypatch.setattr(deployment.identities, "find", found_then_changed)
    with pytest.raises(TemporarilyUnavailable):
        deployment.log_in()
    assert deployment.store.sessions == {}
    assert EventName.LOGIN_SUCCEEDED not in deployment.names()


@pytest.mark.parametrize("act", ["find_identity", "open"])
def test_an_outage_is_no_wrong_password(deployment: Deployment, act: str) -> None:
    """The answer is unavailable and nothing is written. Later the same login works (F19, DC-3)."""
    deployment.trouble.fail(act)
    with pytest.raises(TemporarilyUnavailable):
        deployment.log_in()
    assert (deployment.store.sessions, deployment.names()) == ({}, [])
    deployment.trouble.heal()
    assert deployment.claims_of(deployment.log_in()).exp == NOW + ACCESS_SECONDS


def meeting(monkeypatch: pytest.MonkeyPatch, *acts: tuple[object, str]) -> None:
    """Let each of these acts of a store wait until all of them have begun."""
    all_there = threading.Barrier(len(acts), timeout=5)

    def wait_and(act: Callable[..., object], *arguments: object, **named: object) -> object:
        all_there.wait()
        return act(*arguments, **named)

    for store, name in acts:
        monkeypatch.setattr(store, name, partial(wait_and, getattr(store, name)))


def test_the_user_is_read_while_the_attempt_is_counted(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stranger's attempt waits for both at once, and the login for its success and its session."""
    meeting(monkeypatch, (deployment.attempts, "count"), (deployment.identities, "find"))
    meeting(monkeypatch, (deployment.attempts, "forget"), (deployment.session_opening, "open"))
    deployment.log_in()


def test_an_attempt_that_has_to_wait_is_told_so_even_if_the_user_cannot_be_read(deployment: Deployment) -> None:
    """Of two failures at the same moment the answer is always the limit's."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        refused_login(deployment, password="wrong")
    deployment.trouble.fail("find_identity")
    with pytest.raises(TooManyAttempts):
        deployment.log_in()


def test_a_session_that_cannot_be_opened_was_a_right_password(deployment: Deployment) -> None:
    """P8: the attempt leaves no trace, so the user can try again at once."""
    deployment.trouble.fail("open", times=2 * PASSWORD_BACKOFF.free_attempts)
    for _ in range(2 * PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(TemporarilyUnavailable):
            deployment.log_in()
    assert deployment.log_in().session_id


def test_an_attempt_without_a_check_is_taken_back(deployment: Deployment) -> None:
    """P11: five times the user could not be read. No password was checked, so the right one does not have to wait."""
    deployment.trouble.fail("find_identity", times=PASSWORD_BACKOFF.free_attempts)
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(TemporarilyUnavailable):
            deployment.log_in()
    assert deployment.log_in().session_id


def test_an_attempt_that_cannot_be_taken_back_is_told(deployment: Deployment) -> None:
    """The answer is the first failure, and the attempt counts as failed later."""
    deployment.trouble.fail("find_identity")
    deployment.trouble.failing["forget"] = 1
    with pytest.raises(TemporarilyUnavailable, match="find_identity"):
        deployment.log_in()
    assert deployment.events == [SecurityEvent(EventName.ATTEMPT_NOT_DECIDED, "", reason="injected: forget")]


def test_without_keys_no_session_is_opened(deployment: Deployment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys are loaded before the write: a later failure would leave a session without a client (F14)."""

    def unavailable() -> None:
        raise TemporarilyUnavailable("no keys")

    monkeypatch.setattr(deployment.key_ring, "load", unavailable)
    with pytest.raises(TemporarilyUnavailable):
        deployment.log_in()
    assert deployment.store.sessions == {}


def test_an_access_token_never_outlives_its_session(deployment: Deployment) -> None:
    """A policy with a longer lifetime than the session's is shortened (A5)."""
    granted = deployment.login(USERNAME, PASSWORD, POLICY._replace(ttl_seconds=ABSOLUTE_SECONDS + 1), address=ADDRESS)
    assert granted.expires_in_seconds == ABSOLUTE_SECONDS

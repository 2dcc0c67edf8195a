"""Accounts: the acts of operators, and their effects on sessions."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.accounts.identity import ACTIVE, DISABLED, UNCONFIRMED, Identity
from edge_auth.credentials.passwords import needs_rehash
from edge_auth.errors import (
    AmbiguousUser,
    ClaimsRefused,
    EmailNotConfirmed,
    InvalidCredentials,
    InvalidGrant,
    PasswordRefused,
    RightsRefused,
    TemporarilyUnavailable,
    TooManyAttempts,
    UnknownUser,
    UserChanged,
    UsernameRefused,
    UsernameTaken,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.accounts.administration import Administration
from edge_auth.flows.accounts.rights_administration import MAX_RIGHTS_BYTES, checked_claims
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.sessions.logout import Reach
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from edge_auth.tokens.own_claims import NO_CLAIMS
from edge_auth.tokens.refresh_token import new_id
from tests.support.access_tokens import NOW
from tests.support.deployment import ADDRESS, IDLE_SECONDS, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.second_factor import CODES, with_app

NEW_PASSWORD = "staple battery horse"


def test_a_created_user_can_log_in(deployment: Deployment) -> None:
    """The user's tokens have the given rights."""
    created = deployment.administration.create("Bob", NEW_PASSWORD, scope="a b", roles=("reader",))
    claims = deployment.claims_of(deployment.log_in("bob", NEW_PASSWORD))
    assert (claims.sub, claims.scope, claims.roles) == (created.user_id, "a b", ("reader",))


def test_a_created_user_is_kept_in_canonical_form(deployment: Deployment) -> None:
    """The user is active, at epoch 0, with a hash of the current profile and an id of its own (P5, T6)."""
    created = deployment.administration.create("B\uff4fB", NEW_PASSWORD)
    assert deployment.store.identities["bob"] == created
    assert (created.username, created.status, created.epoch, created.created_at_seconds) == ("bob", ACTIVE, 0, NOW)
    assert not needs_rehash(created.password_hash)
    assert len(created.user_id) == 22
    assert NEW_PASSWORD not in repr(created)
    assert created.password_hash not in repr(created)


@pytest.mark.parametrize("username", ["alice", "ALICE", "\uff21lice"])
def test_a_name_is_given_once(deployment: Deployment, username: str) -> None:
    """Every spelling of a taken name is refused, and the first user does not change."""
    before = deployment.store.identities[USERNAME]
    with pytest.raises(UsernameTaken):
        deployment.administration.create(username, NEW_PASSWORD)
    assert deployment.store.identities == {USERNAME: before}


@pytest.mark.parametrize("username", ["", "a b", "user#1", "a" * 129])
def test_a_malformed_user_name_is_refused(deployment: Deployment, username: str) -> None:
    """Each use case that takes a name refuses it."""
    accounts = deployment.administration
    acts: tuple[Callable[[], object], ...] = (
        lambda: accounts.create(username, NEW_PASSWORD),
        lambda: accounts.rename(deployment.alice, username),
        lambda: accounts.find(username),
    )
    for act in acts:
        with pytest.raises(UsernameRefused):
            act()
    assert set(deployment.store.identities) == {USERNAME}


def test_an_unknown_user_is_said_to_be_unknown(deployment: Deployment) -> None:
    """Operators may learn whether a user exists."""
    for name in ("bob", new_id(bytes)):
        with pytest.raises(UnknownUser):
            deployment.administration.find(name)


def test_a_user_is_found_by_name_or_by_id(deployment: Deployment) -> None:
    """An id has upper and lower case; a name has one spelling."""
    accounts = deployment.administration
    for given in (USERNAME, USERNAME.upper(), deployment.alice.user_id, f" {deployment.alice.user_id} "):
        assert accounts.find(given) == deployment.alice


def test_a_text_that_is_a_name_and_another_users_id_is_refused(deployment: Deployment) -> None:
    """A name may be chosen so that an act on the victim's id would meet the chooser. No act meets either of them."""
    accounts, user_id = deployment.administration, deployment.alice.user_id
    mallory = accounts.create(user_id, NEW_PASSWORD)
    assert mallory.username == user_id.lower()
    with pytest.raises(AmbiguousUser):
        accounts.find(user_id)
    assert accounts.find(USERNAME) == deployment.alice
    assert accounts.find(mallory.user_id) == mallory


ACTS: dict[str, Callable[[Deployment, Identity], object]] = {
    "set-password": lambda deployment, user: deployment.administration.set_password(user, NEW_PASSWORD),
    "set-rights": lambda deployment, user: deployment.rights.set_rights(user, scope="", roles=()),
    "set-claims": lambda deployment, user: deployment.rights.set_claims(user, {"acme:tenant": "7"}),
    "rename": lambda deployment, user: deployment.administration.rename(user, "eve"),
    "disable": lambda deployment, user: deployment.administration.disable(user),
    "enable": lambda deployment, user: deployment.administration.enable(user),
    "unlock": lambda deployment, user: deployment.administration.unlock(user),
    "set-email": lambda deployment, user: deployment.administration.set_email(
        user, "a@mail.example", is_confirmed=True
    ),
    "reset-factors": lambda deployment, user: deployment.factor_administration.reset(user),
    "end-sessions": lambda deployment, user: deployment.administration.end_sessions(user),
    "delete": lambda deployment, user: deployment.administration.delete(user),
}


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_a_user_that_was_deleted_changes_no_other_user_of_the_name(deployment: Deployment, act: str) -> None:
    """The act is on the user that the operator was shown: the new user keeps everything, and nothing is told."""
    accounts, shown = deployment.administration, deployment.alice
    accounts.delete(shown)
    heir = accounts.create(USERNAME, PASSWORD, scope="orders:read")
    granted = deployment.log_in()
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            deployment.log_in(password=NEW_PASSWORD)
    deployment.names()

    with pytest.raises(UserChanged, match="nothing was changed"):
        ACTS[act](deployment, shown)

    assert deployment.events == []
    assert deployment.alice == heir
    assert not deployment.is_dead(granted)
    with pytest.raises(TooManyAttempts):
        deployment.log_in()


@pytest.mark.parametrize("act", ACTS)
def test_an_act_on_a_user_that_has_changed_since_it_was_read_is_done(deployment: Deployment, act: str) -> None:
    """An operator's act is on the user, and not on a state of it: it does not wait for logins and other operators."""
    shown = deployment.alice
    deployment.administration.end_sessions(shown)

    ACTS[act](deployment, shown)

    left = deployment.store.identities.get("eve" if act == "rename" else USERNAME)
    epoch = 1 if act in ("unlock", "rename", "set-email") else 2
    assert (left is None) if act == "delete" else (left is not None and left.epoch == epoch)


@pytest.mark.parametrize(
    "password",
    ["", "short", "a" * 14, "a" * 129, "correct horse \ud800 staple", "Qwerty123456789", "API.example.com"],
)
def test_a_password_that_breaks_a_rule_changes_nothing(deployment: Deployment, password: str) -> None:
    """No user is created, and no password changes (P1, P4, P10)."""
    before = dict(deployment.store.identities)
    with pytest.raises(PasswordRefused):
        deployment.administration.create("bob", password)
    with pytest.raises(PasswordRefused):
        deployment.administration.set_password(deployment.alice, password)
    assert deployment.store.identities == before


@pytest.mark.parametrize(
    ("scope", "roles"),
    [
        ("a  b", ()),
        (" a", ()),
        ('a"b', ()),
        ("a\\b", ()),
        ("é", ()),
        ("a\n", ()),
        ("", ("",)),
        ("", ("a b",)),
        ("", ("a", "b,c")),
        ("", ("r" * 65,)),
        ("s" * MAX_RIGHTS_BYTES, ()),
        ("", tuple("r" * MAX_RIGHTS_BYTES)),
    ],
)
def test_rights_that_break_a_rule_are_refused(deployment: Deployment, scope: str, roles: tuple[str, ...]) -> None:
    """The verifier would refuse the tokens, or the tokens would be larger than allowed (T5, T8)."""
    with pytest.raises(RightsRefused):
        deployment.administration.create("bob", NEW_PASSWORD, scope=scope, roles=roles)
    with pytest.raises(RightsRefused):
        deployment.rights.set_rights(deployment.alice, scope=scope, roles=roles)
    assert set(deployment.store.identities) == {USERNAME}
    assert deployment.store.identities[USERNAME].epoch == 0


def test_a_new_password_replaces_the_old_one_and_ends_all_sessions(deployment: Deployment) -> None:
    """A person who knows the old password is logged out on every device (A8, F17)."""
    granted = [deployment.log_in() for _ in range(3)]
    assert deployment.administration.set_password(deployment.alice, NEW_PASSWORD) == 3
    for one in granted:
        with pytest.raises(InvalidGrant):
            deployment.refreshed(one.refresh_token)
        assert deployment.end_of(one).reason == "password_set"
    with pytest.raises(InvalidCredentials):
        deployment.log_in()
    assert deployment.log_in(USERNAME, NEW_PASSWORD).session_id


def test_a_disabled_user_is_out_and_stays_out(deployment: Deployment) -> None:
    """Sessions end, and logins fail like a wrong password. Enabling allows logins and revives no session (F18)."""
    granted = deployment.log_in()
    assert deployment.administration.disable(deployment.alice) == 1
    assert deployment.store.identities[USERNAME].status == DISABLED
    with pytest.raises(InvalidCredentials):
        deployment.log_in()
    deployment.administration.enable(deployment.alice)
    with pytest.raises(InvalidGrant):
        deployment.refreshed(granted.refresh_token)
    assert deployment.end_of(granted).reason == "user_disabled"
    assert deployment.log_in().session_id != granted.session_id


def test_an_enabled_user_who_has_to_confirm_the_address_still_has_to(deployment: Deployment) -> None:
    """SC1: whoever registered has chosen the password, and perhaps the address is not theirs. An active user is not."""
    accounts, waiting = deployment.administration, replace(deployment.alice, status=UNCONFIRMED)
    deployment.store.identities.clear()
    deployment.identities.create(waiting)
    accounts.disable(waiting)

    assert accounts.enable(accounts.find(USERNAME)).status == UNCONFIRMED

    with pytest.raises(EmailNotConfirmed):
        deployment.log_in()
    bob = accounts.create("bob", PASSWORD)
    accounts.disable(bob)
    assert accounts.enable(bob).status == ACTIVE


def disable_and_enable(accounts: Administration) -> None:
    """Disable alice and enable her again."""
    accounts.disable(accounts.find(USERNAME))
    accounts.enable(accounts.find(USERNAME))


LETS_IN: dict[str, Callable[[Administration], object]] = {
    "unlock": lambda accounts: accounts.unlock(accounts.find(USERNAME)),
    "set-password": lambda accounts: accounts.set_password(accounts.find(USERNAME), PASSWORD),
    "disable and enable": disable_and_enable,
    "delete and create": lambda accounts: (
        accounts.delete(accounts.find(USERNAME)),
        accounts.create(USERNAME, PASSWORD),
    ),
}


@pytest.mark.parametrize("act", LETS_IN)
def test_an_operator_who_lets_a_user_in_ends_the_wait(deployment: Deployment, act: str) -> None:
    """Strangers have guessed, and the user logs in at once, without a device token. All attempts are free again."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            deployment.log_in(password=NEW_PASSWORD)
    with pytest.raises(TooManyAttempts):
        deployment.log_in()
    LETS_IN[act](deployment.administration)
    assert deployment.log_in().session_id
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            deployment.log_in(password=NEW_PASSWORD)


def test_unlocking_changes_nothing_else(deployment: Deployment) -> None:
    """Password, status, epoch and sessions stay, and so do device tokens. It is told once."""
    granted, alice = deployment.log_in(), deployment.store.identities[USERNAME]
    deployment.names()
    deployment.administration.unlock(deployment.alice)
    deployment.administration.unlock(deployment.administration.find(USERNAME.upper()))
    assert deployment.store.identities[USERNAME] == alice
    assert not deployment.is_dead(granted)
    assert deployment.events[:2] == [SecurityEvent(EventName.USER_UNLOCKED, alice.user_id)] * 2


@pytest.mark.parametrize("act", ["set-password", "disable and enable", "delete and create", "unlock"])
def test_a_wait_that_cannot_be_ended_is_an_act_to_repeat(deployment: Deployment, act: str) -> None:
    """The operator is told, and the same act again ends the wait."""
    deployment.trouble.fail("end_wait")
    with pytest.raises(TemporarilyUnavailable):
        LETS_IN[act](deployment.administration)
    deployment.trouble.heal()
    LETS_IN[act](deployment.administration)
    assert deployment.log_in().session_id


def test_ending_sessions_keeps_the_password(deployment: Deployment) -> None:
    """The user may log in again at once, and the epoch has moved (A8)."""
    granted = deployment.log_in()
    assert deployment.administration.end_sessions(deployment.alice) == 1
    assert deployment.store.identities[USERNAME].epoch == 1
    assert deployment.end_of(granted).reason == "operator"
    assert deployment.log_in().session_id != granted.session_id


def test_no_session_ends_twice(deployment: Deployment) -> None:
    """An expired session is ended and counted too, because another clock may be behind. An ended one is not."""
    expired = deployment.log_in()
    deployment.clock.advance(seconds=IDLE_SECONDS)
    revoked, _living = deployment.log_in(), deployment.log_in()
    deployment.logout(revoked.refresh_token, Reach.ONE)
    assert deployment.administration.end_sessions(deployment.alice) == 2
    assert deployment.end_of(expired).reason == "operator"
    assert deployment.end_of(revoked).reason == "logout"
    assert deployment.administration.end_sessions(deployment.alice) == 0


def test_living_sessions_are_listed_oldest_first(deployment: Deployment) -> None:
    """Sessions that have ended or expired are not listed (A18). Ids are drawn, so their order says nothing."""
    deployment.log_in()
    deployment.clock.advance(seconds=IDLE_SECONDS)
    grants = []
    for _ in range(4):
        grants.append(deployment.log_in())
        deployment.clock.advance(seconds=60)
    deployment.logout(grants[1].refresh_token, Reach.ONE)
    deployment.change_session(grants[0], created_at_ms=deployment.clock())
    listed = [session.session_id for session in deployment.administration.living_sessions(deployment.alice)]
    assert listed == [grants[number].session_id for number in (2, 3, 0)]


def test_the_users_own_name_is_no_password(deployment: Deployment) -> None:
    """P4: the name and its part before the @ are refused, for a new user and for an existing one."""
    name = "augusta.ada.lovelace@example.com"
    for password in (name.upper(), "Augusta.Ada.Lovelace"):
        with pytest.raises(PasswordRefused):
            deployment.administration.create(name, password)
    deployment.administration.create(name, NEW_PASSWORD)
    with pytest.raises(PasswordRefused):
        deployment.administration.set_password(deployment.administration.find(name), name)


def test_new_rights_are_in_the_tokens_and_the_old_ones_in_no_session(deployment: Deployment) -> None:
    """Sessions carry the rights of their login, so they end. The next login gets the new rights."""
    granted = [deployment.log_in() for _ in range(2)]
    assert deployment.rights.set_rights(deployment.alice, scope="orders:write", roles=("reader", "writer")) == 2
    assert all(deployment.is_dead(one) for one in granted)
    assert {deployment.end_of(one).reason for one in granted} == {"rights_set"}
    claims = deployment.claims_of(deployment.log_in())
    assert (claims.scope, claims.roles) == ("orders:write", ("reader", "writer"))


def test_rights_can_be_taken_away(deployment: Deployment) -> None:
    """The given rights replace all old ones."""
    deployment.rights.set_rights(deployment.alice, scope="", roles=())
    claims = deployment.claims_of(deployment.log_in())
    assert (claims.scope, claims.roles) == ("", ())


def test_own_claims_are_in_the_tokens_and_the_old_ones_in_no_session(deployment: Deployment) -> None:
    """As with rights: sessions carry the claims of their login, so they end. A refresh keeps them."""
    granted = [deployment.log_in() for _ in range(2)]
    claims = checked_claims({"acme:teams": ["a", "b"], "acme:level": 3})
    assert deployment.rights.set_claims(deployment.alice, claims) == 2
    assert all(deployment.is_dead(one) for one in granted)
    assert {deployment.end_of(one).reason for one in granted} == {"claims_set"}
    now = deployment.log_in()
    for each in (now, deployment.refreshed(now.refresh_token)):
        assert deployment.claims_of(each).own_claims == {"acme:level": 3, "acme:teams": ("a", "b")}
    deployment.rights.set_claims(deployment.administration.find(USERNAME), NO_CLAIMS)
    assert deployment.claims_of(deployment.log_in()).own_claims == {}


@pytest.mark.parametrize(
    "claims",
    [{"tenant": "7"}, {"sub": "root"}, {"SUB": "root"}, {"acme:tenant": 1.5}, {"acme:tenant": None}, {"Acme:t": "7"}],
)
def test_a_claim_that_breaks_a_rule_is_refused(claims: dict[str, object]) -> None:
    """RFC 7519 §4.1: none is one of ours or a registered one, in any case. The verifier would refuse the others."""
    assert checked_claims({"acme:tenant": "7"}) == {"acme:tenant": "7"}
    with pytest.raises(ClaimsRefused):
        checked_claims(claims)


def test_rights_and_claims_have_one_bound_together(deployment: Deployment) -> None:
    """T8: each alone fits, and both together would make the token too large."""
    accounts, rights = deployment.administration, deployment.rights
    claims, roles = {"acme:tenant": "t" * 120}, ("r" * 64,)
    rights.set_claims(deployment.alice, claims)
    with pytest.raises(RightsRefused, match="own claims"):
        rights.set_rights(accounts.find(USERNAME), scope="", roles=roles)
    rights.set_claims(deployment.alice, NO_CLAIMS)
    rights.set_rights(accounts.find(USERNAME), scope="", roles=roles)
    with pytest.raises(RightsRefused, match="own claims"):
        rights.set_claims(accounts.find(USERNAME), claims)
    assert accounts.find(USERNAME).claims == {}


def test_a_renamed_user_logs_in_under_the_new_name_only(deployment: Deployment) -> None:
    """Sessions stay: they have the id and not the name. The old name is free, and the rename is told."""
    granted, user_id = deployment.log_in(), deployment.alice.user_id
    renamed = deployment.administration.rename(deployment.alice, "Eve")
    assert (renamed.username, renamed.user_id) == ("eve", user_id)
    assert deployment.refreshed(granted.refresh_token).session_id == granted.session_id
    with pytest.raises(InvalidCredentials):
        deployment.log_in()
    assert deployment.claims_of(deployment.log_in("eve")).sub == renamed.user_id
    assert SecurityEvent(EventName.USER_RENAMED, renamed.user_id) in deployment.events
    deployment.administration.create(USERNAME, NEW_PASSWORD)


def test_a_rename_ends_the_wait_of_the_old_name_and_no_other(deployment: Deployment) -> None:
    """Another user may get the old name. The guesses at the new name are counted as before."""
    for name in (USERNAME, "eve"):
        for _ in range(PASSWORD_BACKOFF.free_attempts):
            with pytest.raises(InvalidCredentials):
                deployment.log_in(name, NEW_PASSWORD)
    deployment.administration.rename(deployment.alice, "eve")
    with pytest.raises(TooManyAttempts):
        deployment.log_in("eve")
    deployment.administration.create(USERNAME, NEW_PASSWORD)
    assert deployment.log_in(USERNAME, NEW_PASSWORD).session_id


def test_a_rename_that_is_made_again_is_no_error(deployment: Deployment) -> None:
    """The first answer was lost. The user that was read before is enough to see that it is done."""
    alice = deployment.alice
    first = deployment.administration.rename(alice, "eve")
    assert deployment.administration.rename(alice, "eve") == first


def test_a_deleted_user_is_gone_with_all_sessions(deployment: Deployment) -> None:
    """F18, A25: the user can neither log in nor refresh, and nothing is kept of the sessions."""
    granted = [deployment.log_in() for _ in range(3)]
    deployment.logout(granted[0].refresh_token, Reach.ONE)
    assert deployment.administration.delete(deployment.alice) == 2
    assert (deployment.store.identities, deployment.store.sessions, deployment.store.ended) == ({}, {}, {})
    assert all(deployment.is_dead(one) for one in granted)
    with pytest.raises(InvalidCredentials):
        deployment.log_in()
    with pytest.raises(UnknownUser):
        deployment.administration.find(USERNAME)


def test_the_name_of_a_deleted_user_may_be_given_again(deployment: Deployment) -> None:
    """T6: the new user has another id, so it gets nothing that belonged to the old user."""
    old = deployment.log_in()
    user_id = deployment.alice.user_id
    deployment.administration.delete(deployment.alice)
    created = deployment.administration.create(USERNAME, NEW_PASSWORD)
    assert created.user_id != user_id
    deployment.log_in(USERNAME, NEW_PASSWORD)
    assert deployment.is_dead(old)
    assert len(deployment.administration.living_sessions(created)) == 1


@pytest.mark.parametrize("act", ["to_end", "end", "forget", "delete"])
def test_a_deletion_that_fails_half_way_can_be_made_again(deployment: Deployment, act: str) -> None:
    """F18, A8: the user is already disabled, and the second call finds the user again, so every session ends."""
    granted = [deployment.log_in() for _ in range(3)]
    deployment.trouble.fail(act, after=1 if act == "end" else 0)
    with pytest.raises(TemporarilyUnavailable):
        deployment.administration.delete(deployment.alice)
    assert deployment.store.identities[USERNAME].status == DISABLED
    with pytest.raises(InvalidCredentials):
        deployment.log_in()
    deployment.trouble.heal()
    deployment.administration.delete(deployment.alice)
    assert (deployment.store.identities, deployment.store.sessions) == ({}, {})
    assert all(deployment.is_dead(one) for one in granted)


def test_a_user_that_is_enabled_meanwhile_is_not_deleted(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two operators disagree: there is never a session without a user."""
    delete = deployment.identities.delete

    def meanwhile(identity: Identity) -> None:
        deployment.administration.enable(deployment.alice)
        granted.append(deployment.log_in())
        delete(identity)

    granted = list[TokenGrant]()
    monkeypatch.setattr(deployment.identities, "delete", meanwhile)
    with pytest.raises(UserChanged):
        deployment.administration.delete(deployment.alice)
    assert deployment.store.identities[USERNAME].status == ACTIVE
    assert not deployment.is_dead(granted[0])


@pytest.mark.parametrize("act", ["password", "disable", "end", "rights"])
def test_a_failure_half_way_is_made_up_for_by_a_retry(deployment: Deployment, act: str) -> None:
    """Sessions that have ended stay ended, and the second call ends the rest (A7)."""
    granted = [deployment.log_in() for _ in range(3)]

    def run() -> int:
        match act:
            case "password":
                return deployment.administration.set_password(deployment.alice, NEW_PASSWORD)
            case "disable":
                return deployment.administration.disable(deployment.alice)
            case "rights":
                return deployment.rights.set_rights(deployment.alice, scope="", roles=())
            case _:
                return deployment.administration.end_sessions(deployment.alice)

    deployment.trouble.fail("end", after=1)
    with pytest.raises(TemporarilyUnavailable):
        run()
    deployment.trouble.heal()
    assert run() == 2
    assert all(deployment.end_of(one).ended_at_seconds == NOW for one in granted)


def test_acts_of_operators_are_recorded(deployment: Deployment) -> None:
    """Each act is recorded by its own name with the user's id, and the end of all sessions with its reason (A16)."""
    user_id = deployment.store.identities[USERNAME].user_id
    deployment.administration.create("bob", PASSWORD)
    bob_id = deployment.store.identities["bob"].user_id
    assert deployment.events == [SecurityEvent(EventName.USER_CREATED, bob_id)]
    deployment.events.clear()
    deployment.administration.set_password(deployment.alice, PASSWORD)
    deployment.administration.disable(deployment.alice)
    deployment.administration.enable(deployment.alice)
    deployment.administration.end_sessions(deployment.alice)
    deployment.rights.set_rights(deployment.alice, scope="", roles=())
    deployment.administration.delete(deployment.alice)
    assert {event.user_id for event in deployment.events} == {user_id}
    assert [(event.name, event.reason) for event in deployment.events] == [
        (EventName.PASSWORD_SET, ""),
        (EventName.ALL_SESSIONS_ENDED, "password_set"),
        (EventName.USER_DISABLED, ""),
        (EventName.ALL_SESSIONS_ENDED, "user_disabled"),
        (EventName.USER_ENABLED, ""),
        (EventName.ALL_SESSIONS_ENDED, "operator"),
        (EventName.RIGHTS_SET, ""),
        (EventName.ALL_SESSIONS_ENDED, "rights_set"),
        (EventName.ALL_SESSIONS_ENDED, "user_deleted"),
        (EventName.USER_DELETED, ""),
    ]


def test_an_operator_resets_the_second_factor(deployment: Deployment) -> None:
    """For a user who has lost app and codes. All sessions end, and the password alone logs in."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys, failures=100)
    deployment.with_second_factor()
    granted = deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=Presented(recovery_code=CODES[0]))
    deployment.names()

    assert deployment.factor_administration.reset(deployment.alice) == 1

    assert deployment.alice.factors is None
    assert deployment.is_dead(granted)
    assert deployment.log_in().session_id
    assert EventName.FACTORS_RESET in deployment.names()


def test_an_operator_unlocks_the_second_factor(deployment: Deployment) -> None:
    """SB7: the app is asked for as before, and neither sessions nor codes have changed."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys, failures=100)
    deployment.with_second_factor()

    deployment.factor_administration.unlock(deployment.alice)

    factors = deployment.alice.factors
    assert factors is not None
    assert (factors.failures, len(factors.recovery)) == (0, 10)
    assert deployment.names() == [EventName.FACTOR_UNLOCKED]
    deployment.factor_administration.reset(deployment.alice)
    deployment.factor_administration.unlock(deployment.alice)
    assert deployment.alice.factors is None


def test_an_operator_who_unlocks_the_second_factor_ends_the_wait(deployment: Deployment) -> None:
    """SB7: the user logs in at once, however many passwords strangers have tried."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    deployment.with_second_factor()
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidCredentials):
            deployment.log_in(password=NEW_PASSWORD)
    with pytest.raises(TooManyAttempts):
        deployment.log_in()

    deployment.factor_administration.unlock(deployment.alice)

    code = Presented(recovery_code=CODES[0])
    assert deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=code).session_id

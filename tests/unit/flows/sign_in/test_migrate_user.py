"""Users who come from another system with their first login."""

import pytest

from edge_auth.accounts.identity import ACTIVE
from edge_auth.errors import InvalidCredentials, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.ports.old_system import OldUser
from edge_auth.flows.sign_in.migrate_user import MigrateUser
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.access_tokens import NOW
from tests.support.deployment import PASSWORD, USERNAME, Deployment, troubled
from tests.support.fakes.imports import MemoryImportedIdentities


class OldSystem:
    """A system in which only bob is known. It remembers who was asked for."""

    def __init__(self, user: OldUser) -> None:
        """Know bob by this."""
        self.user = user
        self.asked: list[tuple[str, str]] = []
        self.is_down = False

    def authenticate(self, username: str, password: str) -> OldUser:
        """Check the password."""
        if self.is_down:
            raise TemporarilyUnavailable("down")
        self.asked.append((username, password))
        if (username, password) != ("bob", PASSWORD):
            raise InvalidCredentials("wrong there")
        return self.user


class Migration:
    """The use case, and what it has."""

    def __init__(self, deployment: Deployment, user: OldUser) -> None:
        """Begin without imported users."""
        self.deployment, self.old_system = deployment, OldSystem(user)
        self.imported = MemoryImportedIdentities(deployment.store)
        deployment.bring_user = MigrateUser(
            old_system=self.old_system,
            imported=troubled(self.imported, deployment.trouble),
            clock=deployment.clock,
            entropy=deployment.entropy,
            record=deployment.events.append,
        )

    def log_in(self, username: str, password: str = PASSWORD) -> str:
        """Log in, and return the id of the user."""
        return self.deployment.claims_of(self.deployment.log_in(username, password)).sub


@pytest.mark.parametrize(
    ("user", "verified_at"), [(("b@x.example", True), NOW), (("b@x.example", False), 0), (("", True), 0)]
)
def test_the_first_login_makes_the_account(deployment: Deployment, user: tuple[str, bool], verified_at: int) -> None:
    """Under the small name, with the address of the old system. An address that is not there is not confirmed."""
    migration = Migration(deployment, OldUser(*user))
    deployment.clock.advance(ms=999)

    user_id = migration.log_in("Bob")

    bob = deployment.store.identities["bob"]
    assert (bob.user_id, bob.username, bob.status, bob.epoch, bob.created_at_seconds) == (
        user_id,
        "bob",
        ACTIVE,
        0,
        NOW,
    )
    assert (bob.email, bob.email_verified_at_seconds) == (user[0], verified_at)
    assert migration.imported.ids == {"login:bob": user_id}
    assert migration.old_system.asked == [("bob", PASSWORD)]
    assert deployment.events.count(SecurityEvent(EventName.USER_MIGRATED, user_id)) == 1
    assert migration.log_in("bob") == user_id
    assert len(migration.old_system.asked) == 1


def test_a_user_who_is_here_is_not_asked_for_there(deployment: Deployment) -> None:
    """Neither with the right password nor with a wrong one."""
    migration = Migration(deployment, OldUser("", email_verified=False))

    assert migration.log_in(USERNAME) == deployment.alice.user_id
    with pytest.raises(InvalidCredentials):
        migration.log_in(USERNAME, "not the right password")
    assert migration.old_system.asked == []


def test_a_password_that_is_wrong_there_makes_no_account(deployment: Deployment) -> None:
    """The answer is that of a wrong password here."""
    migration = Migration(deployment, OldUser("", email_verified=False))

    with pytest.raises(InvalidCredentials):
        migration.log_in("bob", "not the right password")
    assert deployment.store.identities.keys() == {USERNAME}
    assert EventName.USER_MIGRATED not in deployment.names()


def test_a_user_who_was_deleted_here_does_not_come_back(deployment: Deployment) -> None:
    """An operator has decided so. Nothing is recorded as a new user."""
    migration = Migration(deployment, OldUser("", email_verified=False))
    migration.log_in("bob")
    del deployment.store.identities["bob"]
    deployment.names()

    with pytest.raises(InvalidCredentials):
        migration.log_in("bob")
    assert EventName.USER_MIGRATED not in deployment.names()


def test_an_attempt_has_failed_if_the_old_system_cannot_be_asked(deployment: Deployment) -> None:
    """It may have tried the password. Without an outcome, the next attempts would wait for this one."""
    migration = Migration(deployment, OldUser("", email_verified=False))
    deployment.trouble.acts.clear()
    migration.old_system.is_down = True

    with pytest.raises(TemporarilyUnavailable, match="down"):
        migration.log_in("bob")
    assert deployment.trouble.acts[-1] == "fail"
    deployment.trouble.fail("fail")
    with pytest.raises(TemporarilyUnavailable, match="down"):
        migration.log_in("bob")
    assert deployment.events[-1] == SecurityEvent(EventName.ATTEMPT_NOT_DECIDED, "", reason="injected: fail")


def test_an_outage_of_our_own_table_makes_a_newcomer_wait_for_nothing(deployment: Deployment) -> None:
    """The old system has said that the password is right, so as soon as the outage is over the user is in."""
    migration = Migration(deployment, OldUser("", email_verified=False))
    deployment.trouble.fail("add")
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(TemporarilyUnavailable, match="injected: add"):
            migration.log_in("bob")
    deployment.trouble.heal()

    migration.log_in("bob")

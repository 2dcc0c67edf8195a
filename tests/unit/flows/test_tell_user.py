"""Notices: who is told of what, and that a notice never fails what it tells of."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from edge_auth.accounts.identity import Identity
from edge_auth.errors import InvalidCredentials, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.flows.ports.notices import Notice, NoticeName
from edge_auth.flows.tell_user import KEPT_SECONDS, TellUser
from edge_auth.mail.templates import OURS
from edge_auth.sessions.client_description import ClientDescription
from tests.support.clock import START_MS
from tests.support.deployment import PASSWORD, POLICY, USERNAME, Deployment

CLIENT = ClientDescription("Ada's phone", "Mozilla/5.0 Firefox/140.0", "192.0.2.0/24")
ADDRESS = "alice@example.com"


@dataclass
class Notices:
    """The port in memory, which may be in trouble."""

    notices: list[Notice] = field(default_factory=list)
    is_down: bool = False

    def put(self, notice: Notice) -> None:
        """Keep a notice."""
        if self.is_down:
            raise TemporarilyUnavailable("PutItem: throttled")
        self.notices.append(notice)


def telling(notices: Notices, events: list[SecurityEvent]) -> TellUser:
    """Return the use case."""
    return TellUser(
        notices=notices, clock=lambda: START_MS, entropy=lambda count: bytes(range(count)), record=events.append
    )


def reachable(deployment: Deployment, **changes: object) -> Identity:
    """Give alice a confirmed address."""
    given = {"email": ADDRESS, "email_verified_at_seconds": 1, **changes}
    alice = replace(deployment.alice, **given)  # type: ignore[arg-type]  # the fields of an identity
    deployment.store.identities[USERNAME] = alice
    return alice


ACTS: dict[NoticeName, Callable[[TellUser, Identity], None]] = {
    NoticeName.NEW_DEVICE: lambda tell, user: tell.new_device(user, CLIENT),
    NoticeName.NEW_PASSWORD: TellUser.new_password,
    NoticeName.NEW_ADDRESS: TellUser.new_address,
    NoticeName.FACTOR_CHANGED: TellUser.factor_changed,
    NoticeName.ACCOUNT_LOCKED: TellUser.account_locked,
}


@pytest.mark.parametrize("name", ACTS)
def test_a_user_with_a_confirmed_address_is_told(deployment: Deployment, name: NoticeName) -> None:
    """One write, with the time and nothing that a client chose but its user agent and network."""
    notices, alice = Notices(), reachable(deployment)

    ACTS[name](telling(notices, []), alice)

    [notice] = notices.notices
    assert (notice.name, notice.identity) == (name, alice)
    assert notice.delete_at_seconds == START_MS // 1000 + KEPT_SECONDS
    of_client = {"user_agent": CLIENT.user_agent, "network": CLIENT.network} if name == NoticeName.NEW_DEVICE else {}
    assert notice.details == {"at": str(START_MS // 1000), **of_client}


def test_every_notice_has_its_act_and_its_text() -> None:
    """A notice without a text would never be sent."""
    assert set(ACTS) == set(NoticeName) <= OURS.mails("en")


@pytest.mark.parametrize("changes", [{"email": ""}, {"email_verified_at_seconds": 0}, {"email_bounced_at_seconds": 1}])
def test_a_user_without_an_address_that_takes_mails_is_not_told(
    deployment: Deployment, changes: dict[str, object]
) -> None:
    """SC1: the mail would name the user to whoever has that address."""
    notices, alice = Notices(), reachable(deployment, **changes)

    for act in ACTS.values():
        act(telling(notices, []), alice)

    assert notices.notices == []


def test_trouble_is_recorded_and_changes_nothing(deployment: Deployment) -> None:
    """F19: what has happened has happened."""
    events: list[SecurityEvent] = []
    alice = reachable(deployment)

    telling(Notices(is_down=True), events).new_password(alice)

    assert events == [
        SecurityEvent(EventName.NOTICE_NOT_WRITTEN, alice.user_id, reason="new_password: PutItem: throttled")
    ]


def test_a_login_on_a_new_device_tells_its_user_and_one_on_a_known_device_does_not(deployment: Deployment) -> None:
    """The device token of the first login shows that the second is on the same device."""
    notices = Notices()
    reachable(deployment)
    deployment.tell_user = telling(notices, [])

    first = deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7", client=CLIENT)
    assert [notice.name for notice in notices.notices] == [NoticeName.NEW_DEVICE]
    deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7", device_token=first.device_token)
    assert len(notices.notices) == 1
    deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7", device_token=f"{first.device_token}x")
    assert len(notices.notices) == 2


def test_a_login_that_fails_tells_nobody(deployment: Deployment) -> None:
    """Else everyone could fill a user's mailbox."""
    notices = Notices()
    reachable(deployment)
    deployment.tell_user = telling(notices, [])

    with pytest.raises(InvalidCredentials):
        deployment.login(USERNAME, "not the right passphrase", POLICY, address="192.0.2.7")

    assert notices.notices == []


def test_a_notice_in_trouble_costs_no_login(deployment: Deployment) -> None:
    """F19: the session is open."""
    reachable(deployment)
    deployment.tell_user = telling(Notices(is_down=True), deployment.events)

    granted = deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7")

    assert granted.refresh_token
    assert EventName.NOTICE_NOT_WRITTEN in {event.name for event in deployment.events}


def test_a_changed_password_tells_its_user(deployment: Deployment) -> None:
    """By the user and by an operator."""
    notices = Notices()
    alice = reachable(deployment)
    deployment.tell_user = telling(notices, [])
    session = session_of(deployment)

    deployment.change_password(alice.user_id, session, PASSWORD, "an even finer long passphrase")
    deployment.administration.set_password(deployment.alice, "the finest of long passphrases")

    assert [notice.name for notice in notices.notices if notice.name != NoticeName.NEW_DEVICE] == [
        NoticeName.NEW_PASSWORD
    ] * 2


def session_of(deployment: Deployment) -> str:
    """Return the id of a new session of alice."""
    deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7")
    [(_, session_id)] = deployment.store.sessions
    return session_id

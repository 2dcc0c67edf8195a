"""Notices: who is told of what, and that a notice never fails what it tells of."""

from base64 import b32decode
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from edge_auth.accounts.factors import MAX_FAILURES
from edge_auth.accounts.identity import Identity
from edge_auth.errors import InvalidCredentials, TemporarilyUnavailable, UserChanged
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp
from edge_auth.flows.ports.challenges import RemovedFactors
from edge_auth.flows.ports.factors import Presented
from edge_auth.flows.ports.notices import Notice, NoticeName
from edge_auth.flows.tell_user import KEPT_SECONDS, TellUser
from edge_auth.mail.templates import OURS
from edge_auth.sessions.client_description import ClientDescription
from tests.support.clock import START_MS
from tests.support.deployment import PASSKEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app

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
    NoticeName.FACTORS_RESET: TellUser.factors_reset,
    NoticeName.RECOVERY_CODES_REPLACED: TellUser.recovery_codes_replaced,
    NoticeName.RECOVERY_CODE_USED: TellUser.recovery_code_used,
    NoticeName.PASSKEY_ADDED: TellUser.passkey_added,
    NoticeName.PASSKEY_REMOVED: TellUser.passkey_removed,
}


@pytest.mark.parametrize("name", ACTS)
def test_a_user_with_a_confirmed_address_is_told(deployment: Deployment, name: NoticeName) -> None:
    """One write, with the time and nothing that a client chose but its user agent and network."""
    notices = Notices()
    alice = with_app(reachable(deployment), deployment.sealing_keys.keys)

    ACTS[name](telling(notices, []), alice)

    [notice] = notices.notices
    assert (notice.name, notice.identity) == (name, alice)
    assert notice.delete_at_seconds == START_MS // 1000 + KEPT_SECONDS
    more = {
        NoticeName.NEW_DEVICE: {"user_agent": CLIENT.user_agent, "network": CLIENT.network},
        NoticeName.RECOVERY_CODE_USED: {"left": "9"},
    }
    assert notice.details == {"at": str(START_MS // 1000), **more.get(name, {})}


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


# --- Second factors ---


@dataclass
class Told:
    """A deployment where second factors and mail are on, and what alice is told beside new devices."""

    deployment: Deployment
    notices: Notices = field(default_factory=Notices)

    def __post_init__(self) -> None:
        """Turn both on. alice has a confirmed address."""
        reachable(self.deployment)
        self.deployment.tell_user = telling(self.notices, self.deployment.events)
        self.deployment.with_second_factor()

    def give_app(self, *, failures: int = 0) -> None:
        """Enrol an app, without a word."""
        keys = self.deployment.sealing_keys.keys
        self.deployment.store.identities[USERNAME] = with_app(self.deployment.alice, keys, failures=failures)

    def log_in(self, **shown: str) -> tuple[str, str]:
        """Log alice in. Return the user and the session."""
        granted = self.deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7", presented=Presented(**shown))
        return self.deployment.alice.user_id, granted.session_id

    def otp(self, steps: int = 0) -> str:
        """Return what alice's app shows."""
        return shown_by_app(self.deployment.clock() // 1000, steps=steps)

    @property
    def names(self) -> list[NoticeName]:
        """What alice was told."""
        return [notice.name for notice in self.notices.notices if notice.name != NoticeName.NEW_DEVICE]


@pytest.fixture
def told(deployment: Deployment) -> Told:
    """Return the deployment."""
    return Told(deployment)


def enrol(told: Told, session: tuple[str, str], steps: int = 0) -> None:
    """Enrol an app of alice."""
    pending = told.deployment.own_factors.begin(*session)
    secret = b32decode(pending.secret)
    shown = shown_by_app(told.deployment.clock() // 1000, steps=steps, secret=secret)
    told.deployment.own_factors.confirm(*session, pending.enrolment, shown)


def test_each_change_of_a_factor_tells_its_user(told: Told) -> None:
    """SA7: enrolled, replaced, new recovery codes, removed. Somebody else may have done it."""
    enrol(told, told.log_in())
    assert told.names == [NoticeName.FACTOR_CHANGED]
    told.give_app()  # one whose codes the tests know
    me = told.log_in(otp=told.otp())
    enrol(told, me)
    told.deployment.own_factors.replace_codes(*me)
    told.deployment.own_factors.remove(*me)
    assert told.names[1:] == [
        NoticeName.FACTOR_CHANGED,
        NoticeName.RECOVERY_CODES_REPLACED,
        NoticeName.FACTOR_CHANGED,
    ]


def test_a_change_that_changes_nothing_tells_nobody(told: Told) -> None:
    """There was no factor to remove, neither for the user nor for the operator."""
    told.deployment.own_factors.remove(*told.log_in())
    told.deployment.factor_administration.reset(told.deployment.alice)
    assert told.names == []


def test_a_recovery_code_tells_its_user_how_many_are_left(told: Told) -> None:
    """At a login. One that was refused tells nobody."""
    told.give_app()
    told.log_in(recovery_code=CODES[0])
    told.log_in(recovery_code=CODES[1])
    with pytest.raises(InvalidOtp):
        told.log_in(recovery_code=CODES[0])
    assert told.names == [NoticeName.RECOVERY_CODE_USED] * 2
    used = [notice for notice in told.notices.notices if notice.name == NoticeName.RECOVERY_CODE_USED]
    assert [notice.details["left"] for notice in used] == ["9", "8"]


def test_the_hundredth_wrong_code_tells_its_user_once(told: Told) -> None:
    """SB7: somebody knows the password. The wrong codes before and after it tell nothing."""
    told.give_app(failures=MAX_FAILURES - 2)
    for names in ([], [NoticeName.ACCOUNT_LOCKED]):
        with pytest.raises(InvalidOtp):
            told.log_in(otp=a_wrong_code(told.deployment.clock() // 1000))
        assert told.names == names
    with pytest.raises(FactorLocked):
        told.log_in(otp=told.otp())
    with pytest.raises(InvalidOtp):
        told.log_in(recovery_code="AAAAA-22222")
    assert told.names == [NoticeName.ACCOUNT_LOCKED]
    assert told.deployment.names().count(EventName.FACTOR_LOCKED) == 1


@pytest.mark.parametrize("kind", ["app", "passkey"])
def test_an_operator_who_resets_factors_tells_their_user(told: Told, kind: str) -> None:
    """Somebody may have talked the operator into it."""
    if kind == "app":
        told.give_app()
    else:
        reachable(told.deployment, passkeys=(PASSKEY,))
    told.deployment.factor_administration.reset(told.deployment.alice)
    assert told.names == [NoticeName.FACTORS_RESET]


def test_an_operator_who_changes_an_address_tells_the_one_before(told: Told) -> None:
    """SC5. The same address again tells nobody."""
    acts, alice = told.deployment.administration, told.deployment.alice
    acts.set_email(alice, ADDRESS, is_confirmed=True)
    assert told.names == []
    acts.set_email(alice, "new@example.com", is_confirmed=True)
    assert told.names == [NoticeName.NEW_ADDRESS]
    assert [notice.identity.email for notice in told.notices.notices] == [ADDRESS]


@pytest.mark.parametrize("act", ["address", "factors"])
def test_nobody_is_told_of_an_operators_act_who_was_deleted_before_it(told: Told, act: str) -> None:
    """Nothing names the person after a deletion: the user is read again before the notice is written."""
    told.give_app()
    shown = told.deployment.alice
    told.deployment.administration.delete(shown)
    with pytest.raises(UserChanged, match="nothing was changed"):
        operate(told, act, shown)
    assert told.names == []


@pytest.mark.parametrize("act", ["address", "factors"])
def test_an_operators_act_is_told_to_the_user_as_it_is_at_the_act(told: Told, act: str) -> None:
    """The user has another name and another address since the operator was asked to confirm the act."""
    told.give_app()
    shown = told.deployment.alice
    renamed = told.deployment.administration.rename(shown, "alicia")
    told.deployment.store.identities["alicia"] = replace(renamed, email="alicia@example.com")
    operate(told, act, shown)
    assert [(notice.identity.username, notice.identity.email) for notice in told.notices.notices] == [
        ("alicia", "alicia@example.com")
    ]


def operate(told: Told, act: str, shown: Identity) -> None:
    """Act as an operator who was shown this user."""
    if act == "address":
        told.deployment.administration.set_email(shown, "new@example.com", is_confirmed=True)
    else:
        told.deployment.factor_administration.reset(shown)


def test_a_notice_in_trouble_fails_no_change_of_a_factor(told: Told) -> None:
    """F19: each act is done, and its failure is recorded."""
    told.notices.is_down = True
    enrol(told, told.log_in())
    told.deployment.factor_administration.reset(told.deployment.alice)
    assert told.deployment.alice.factors_version == 2, "enrolled, and removed"
    told.give_app(failures=MAX_FAILURES - 1)
    with pytest.raises(InvalidOtp):
        told.log_in(otp=a_wrong_code(told.deployment.clock() // 1000))
    assert told.log_in(recovery_code=CODES[0])
    reasons = [event.reason for event in told.deployment.events if event.name == EventName.NOTICE_NOT_WRITTEN]
    assert [reason.partition(":")[0] for reason in reasons if not reason.startswith("new_device")] == [
        "factor_changed",
        "factors_reset",
        "account_locked",
        "recovery_code_used",
    ]


def session_of(deployment: Deployment) -> str:
    """Return the id of a new session of alice."""
    deployment.login(USERNAME, PASSWORD, POLICY, address="192.0.2.7")
    [(_, session_id)] = deployment.store.sessions
    return session_id


@pytest.mark.parametrize(
    ("removed", "names"),
    [
        (RemovedFactors(has_app=True, passkeys=()), [NoticeName.FACTOR_CHANGED]),
        (RemovedFactors(has_app=False, passkeys=(b"id",)), [NoticeName.PASSKEY_REMOVED]),
        (RemovedFactors(has_app=True, passkeys=(b"id",)), [NoticeName.FACTOR_CHANGED, NoticeName.PASSKEY_REMOVED]),
    ],
)
def test_a_user_is_told_of_each_kind_of_factor_that_an_undoing_has_removed(
    deployment: Deployment, removed: RemovedFactors, names: list[NoticeName]
) -> None:
    """SC5: of what was there, and of nothing else."""
    notices = Notices()

    telling(notices, []).factors_removed(reachable(deployment), removed)

    assert [notice.name for notice in notices.notices] == names


def test_a_recovery_code_that_was_the_last_factor_leaves_none(deployment: Deployment) -> None:
    """An operator may remove the factors at the same moment. The number is then none."""
    notices = Notices()

    telling(notices, []).recovery_code_used(reachable(deployment))

    assert notices.notices[0].details["left"] == "0"

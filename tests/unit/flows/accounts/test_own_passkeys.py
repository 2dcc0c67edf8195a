"""A user's own passkeys: who may change them, what is stored and told, and which sessions end."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.accounts.passkey import MAX_PASSKEYS, RegisteredPasskey
from edge_auth.errors import (
    InsufficientAuthentication,
    InvalidRequest,
    InvalidToken,
    TemporarilyUnavailable,
)
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import FactorRequired, LastWayIn
from edge_auth.flows.accounts.own_passkeys import NewPasskey, OwnPasskeys, PasskeyNotices
from edge_auth.flows.factors.factor_policy import FactorPolicy
from edge_auth.passkey_errors import PasskeyRefused, TooManyPasskeys, UnknownPasskey
from edge_auth.tokens import passkey_challenge
from edge_auth.tokens.passkey_challenge import Purpose
from tests.support.access_tokens import NOW
from tests.support.deployment import MAC_KEY, PASSKEY, USERNAME, Deployment, troubled
from tests.support.fakes.passkeys import MemoryPasskeys
from tests.support.second_factor import with_app
from tests.support.software_passkeys import PARTY, Ceremony, private_key

Act = Callable[[OwnPasskeys, str, str], object]
OTHER = PASSKEY._replace(credential_id=b"other", created_at_seconds=NOW + 1)
PHONE = Ceremony(private_key("ES256"))


class Told:
    """Mails to users, as they were asked for."""

    def __init__(self) -> None:
        """Begin without any."""
        self.mails: list[tuple[str, str]] = []

    def passkey_added(self, user: Identity) -> None:
        """Tell of a new passkey."""
        self.mails.append(("added", user.username))

    def passkey_removed(self, user: Identity) -> None:
        """Tell of a removed one."""
        self.mails.append(("removed", user.username))


TOLD = Told()


@pytest.fixture(autouse=True)
def _forget() -> None:
    TOLD.mails.clear()


def own_passkeys(deployment: Deployment, setting: str = "optional", *, has_mail: bool = True) -> OwnPasskeys:
    """Return the use cases."""
    return OwnPasskeys(
        policy=FactorPolicy.of(setting),
        party=PARTY,
        identities=deployment.identities,
        sessions=deployment.sessions,
        passkeys=troubled(MemoryPasskeys(deployment.store), deployment.trouble),
        end_sessions=deployment.end_sessions,
        key_ring=deployment.key_ring,
        clock=deployment.clock,
        entropy=deployment.entropy,
        record=deployment.events.append,
        notices=PasskeyNotices(TOLD.passkey_added, TOLD.passkey_removed) if has_mail else None,
    )


def change_alice(deployment: Deployment, **changes: object) -> None:
    """Set fields of alice."""
    deployment.store.identities[USERNAME] = replace(deployment.alice, **changes)  # type: ignore[arg-type]


def with_passkeys(deployment: Deployment, *passkeys: RegisteredPasskey) -> tuple[str, str]:
    """Give alice passkeys, and log her in with one of them. Return the ids of user and session."""
    granted = deployment.log_in()
    change_alice(deployment, passkeys=passkeys)
    if passkeys:
        deployment.change_session(granted, acr="phr")
    deployment.names()
    return deployment.alice.user_id, granted.session_id


def made(deployment: Deployment, *, name: str = "phone", **changes: Any) -> NewPasskey:  # noqa: ANN401 - any field
    """Return what a browser sends of a passkey that it made for a fresh challenge."""
    challenge = passkey_challenge.mint(
        Purpose.REGISTER,
        MAC_KEY,
        now_seconds=deployment.clock() // 1000,
        entropy=deployment.entropy,
        user_id=deployment.alice.user_id,
    )
    client_data, attestation = PHONE.edited(**{"challenge": challenge, **changes}).registration()
    return NewPasskey(client_data, attestation, ("usb", "telepathy", "internal"), name)


def test_a_registration_begins_with_a_challenge_for_the_user(deployment: Deployment) -> None:
    """It is good for this purpose, this user and five minutes. The browser learns which passkeys are there."""
    user_id, session_id = with_passkeys(deployment, PASSKEY)

    begun = own_passkeys(deployment).begin(user_id, session_id)

    assert begun[1:] == (user_id, USERNAME, (PASSKEY,))
    keys = {MAC_KEY.key_id: MAC_KEY}
    read = passkey_challenge.parse(begun.challenge, keys, Purpose.REGISTER, now_seconds=NOW, user_id=user_id)
    assert read.expires_at_seconds == NOW + 300
    assert own_passkeys(deployment).begin(user_id, session_id).challenge != begun.challenge


@pytest.mark.parametrize("transport", ["ble", "hybrid", "internal", "nfc", "smart-card", "usb"])
def test_each_transport_of_the_standard_is_kept(deployment: Deployment, transport: str) -> None:
    """WebAuthn §5.8.4: a browser asks by it where the passkey is."""
    user_id, session_id = with_passkeys(deployment)
    new = made(deployment)._replace(transports=(transport, "pigeon"))

    assert own_passkeys(deployment).register(user_id, session_id, new).transports == (transport,)


def test_a_new_passkey_is_stored_and_told(deployment: Deployment) -> None:
    """With the transports that WebAuthn §5.8.4 knows, in the order of the alphabet."""
    user_id, session_id = with_passkeys(deployment)

    added = own_passkeys(deployment).register(user_id, session_id, made(deployment))

    assert added == RegisteredPasskey(
        *PHONE.passkey(), name="phone", created_at_seconds=NOW, used_at_seconds=0, transports=("internal", "usb")
    )
    assert deployment.alice.passkeys == (added,)
    assert deployment.events == [SecurityEvent(EventName.PASSKEY_ADDED, user_id, session_id)]
    assert TOLD.mails == [("added", USERNAME)]


def test_without_mail_a_passkey_comes_and_goes_in_silence(deployment: Deployment) -> None:
    """The events are recorded all the same."""
    user_id, session_id = with_passkeys(deployment)
    silent = own_passkeys(deployment, has_mail=False)

    added = silent.register(user_id, session_id, made(deployment))
    deployment.store.sessions[user_id, session_id] = deployment.store.sessions[user_id, session_id]._replace(acr="phr")
    silent.remove(user_id, session_id, added.credential_id)

    assert TOLD.mails == []
    assert deployment.names()[:2] == [EventName.PASSKEY_ADDED, EventName.PASSKEY_REMOVED]


def test_a_registration_that_comes_again_is_answered_again(deployment: Deployment) -> None:
    """F1: its answer may be lost. It needs no stronger login than at first, and tells nothing twice."""
    user_id, session_id = with_passkeys(deployment)
    new = made(deployment)
    first = own_passkeys(deployment).register(user_id, session_id, new)
    deployment.clock.advance(seconds=1)

    assert own_passkeys(deployment).register(user_id, session_id, new) == first
    assert deployment.alice.passkeys == (first,)
    assert (deployment.names(), len(TOLD.mails)) == ([EventName.PASSKEY_ADDED], 1)


def test_another_passkey_with_the_id_of_one_takes_no_place(deployment: Deployment) -> None:
    """WebAuthn §7.1, step 26. It is recorded: an authenticator that does so is broken, or hostile."""
    user_id, session_id = with_passkeys(deployment, PASSKEY)

    with pytest.raises(PasskeyRefused, match=r"^another passkey has this id$"):
        own_passkeys(deployment).register(user_id, session_id, made(deployment, credential_id=PASSKEY.credential_id))
    assert deployment.alice.passkeys == (PASSKEY,)
    assert deployment.events == [
        SecurityEvent(EventName.PASSKEY_REFUSED, user_id, reason="another passkey has this id")
    ]


@pytest.mark.parametrize("fault", [{"challenge": "A" * 80}, {"origin": "https://evil.example"}])
def test_a_registration_that_breaks_a_rule_is_refused_before_anything_is_read(
    deployment: Deployment, fault: dict[str, Any]
) -> None:
    """SC7: a stranger's registration costs no request, and is recorded."""
    user_id, session_id = with_passkeys(deployment)
    new = made(deployment, **fault)
    deployment.trouble.acts.clear()

    with pytest.raises(PasskeyRefused) as refused:
        own_passkeys(deployment).register(user_id, session_id, new)
    assert deployment.trouble.acts == []
    assert deployment.events == [SecurityEvent(EventName.PASSKEY_REFUSED, user_id, reason=refused.value.detail)]


@pytest.mark.parametrize(("seconds", "is_taken"), [(299, True), (300, False)])
def test_a_registration_has_five_minutes(deployment: Deployment, seconds: int, *, is_taken: bool) -> None:
    """WebAuthn §13.4.3: the challenge is good for no longer."""
    user_id, session_id = with_passkeys(deployment)
    new = made(deployment)
    deployment.clock.advance(seconds=seconds)

    if is_taken:
        assert own_passkeys(deployment).register(user_id, session_id, new).created_at_seconds == NOW + seconds
        return
    with pytest.raises(PasskeyRefused, match=r"^expired$"):
        own_passkeys(deployment).register(user_id, session_id, new)


def test_a_challenge_of_another_user_adds_nothing(deployment: Deployment) -> None:
    """SC7: otherwise a thief could hand a challenge of their own account to somebody else."""
    user_id, session_id = with_passkeys(deployment)
    new = made(deployment)
    change_alice(deployment, user_id="B" * 22)

    with pytest.raises(PasskeyRefused, match=r"^MAC$"):
        own_passkeys(deployment).register("B" * 22, session_id, new)
    assert user_id != "B" * 22


def test_a_user_has_ten_passkeys_at_most(deployment: Deployment) -> None:
    """So the user's item stays small. The eleventh is refused before and after it was made."""
    ten = tuple(PASSKEY._replace(credential_id=bytes([number])) for number in range(MAX_PASSKEYS))
    user_id, session_id = with_passkeys(deployment, *ten[1:])
    use_cases = own_passkeys(deployment)
    use_cases.begin(user_id, session_id)
    change_alice(deployment, passkeys=ten)

    with pytest.raises(TooManyPasskeys):
        use_cases.begin(user_id, session_id)
    with pytest.raises(TooManyPasskeys):
        use_cases.register(user_id, session_id, made(deployment))
    change_alice(deployment, passkeys=ten[1:])
    use_cases.register(user_id, session_id, made(deployment))
    assert (MAX_PASSKEYS, len(deployment.alice.passkeys)) == (10, 10)


ACTS: dict[str, Act] = {
    "begin": lambda use_cases, user, session: use_cases.begin(user, session),
    "rename": lambda use_cases, user, session: use_cases.rename(user, session, b"id", "Blue"),
    "remove": lambda use_cases, user, session: use_cases.remove(user, session, b"id"),
}


@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
def test_a_change_needs_a_login_with_a_passkey_in_the_last_five_minutes(deployment: Deployment, act: Act) -> None:
    """SA7: a stolen password or a found device is not enough."""
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)
    stored = deployment.store.sessions[user_id, session_id]

    deployment.store.sessions[user_id, session_id] = stored._replace(acr="2fa")
    with pytest.raises(InsufficientAuthentication) as refused:
        act(own_passkeys(deployment), user_id, session_id)
    assert refused.value.headers["WWW-Authenticate"].endswith('acr_values="phr", max_age="300"')
    deployment.store.sessions[user_id, session_id] = stored
    deployment.clock.advance(seconds=301)
    with pytest.raises(InsufficientAuthentication):
        act(own_passkeys(deployment), user_id, session_id)
    assert deployment.alice.passkeys == (PASSKEY, OTHER)
    deployment.clock.advance(seconds=-1)
    act(own_passkeys(deployment), user_id, session_id)


def test_a_new_passkey_needs_a_login_with_one_that_is_there(deployment: Deployment) -> None:
    """SA7: also after the challenge, which a session before may have got."""
    user_id, session_id = with_passkeys(deployment)
    change_alice(deployment, passkeys=(PASSKEY,))

    with pytest.raises(InsufficientAuthentication):
        own_passkeys(deployment).register(user_id, session_id, made(deployment))
    assert deployment.alice.passkeys == (PASSKEY,)


@pytest.mark.parametrize("act", [*ACTS.values(), lambda use_cases, user, session: use_cases.listed(user, session)])
def test_nothing_is_shown_or_changed_without_a_living_session_of_an_active_user(
    deployment: Deployment, act: Act
) -> None:
    """F18: an access token may outlive both."""
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)
    alice, stored = deployment.alice, dict(deployment.store.sessions)
    expired = stored[user_id, session_id]._replace(idle_expires_at_seconds=NOW)

    for sessions, identities in (
        ({}, {USERNAME: alice}),
        ({(user_id, session_id): expired}, {USERNAME: alice}),
        (stored, {USERNAME: replace(alice, status=DISABLED)}),
        (stored, {}),
    ):
        deployment.store.sessions = dict(sessions)
        deployment.store.identities = dict(identities)
        with pytest.raises(InvalidToken):
            act(own_passkeys(deployment), user_id, session_id)
        assert deployment.store.identities == identities
    assert deployment.names() == []


def test_a_user_sees_the_own_passkeys_at_any_age_of_the_login(deployment: Deployment) -> None:
    """A list changes nothing."""
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)
    deployment.clock.advance(seconds=3600)

    assert own_passkeys(deployment).listed(user_id, session_id) == (PASSKEY, OTHER)


def test_a_passkey_gets_another_name(deployment: Deployment) -> None:
    """Only this one, and only its name."""
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)

    own_passkeys(deployment).rename(user_id, session_id, b"id", "x" * 64)

    assert deployment.alice.passkeys == (PASSKEY._replace(name="x" * 64), OTHER)
    assert deployment.events == [SecurityEvent(EventName.PASSKEY_RENAMED, user_id, session_id)]


@pytest.mark.parametrize("name", ["x" * 65, "a\nb", "a\u202eb"])
def test_a_name_that_cannot_be_shown_is_refused(deployment: Deployment, name: str) -> None:
    """Before anything is read."""
    user_id, session_id = with_passkeys(deployment, PASSKEY)
    new = made(deployment, name=name)
    deployment.trouble.acts.clear()

    with pytest.raises(InvalidRequest):
        own_passkeys(deployment).rename(user_id, session_id, b"id", name)
    with pytest.raises(InvalidRequest):
        own_passkeys(deployment).register(user_id, session_id, new)
    assert deployment.trouble.acts == []


def test_an_unknown_passkey_gets_no_name(deployment: Deployment) -> None:
    """It may be that of another user."""
    user_id, session_id = with_passkeys(deployment, PASSKEY)

    with pytest.raises(UnknownPasskey):
        own_passkeys(deployment).rename(user_id, session_id, b"other", "Blue")
    assert deployment.alice.passkeys == (PASSKEY,)


def test_a_removed_passkey_is_told_and_takes_the_other_sessions_along(deployment: Deployment) -> None:
    """A stolen one may have opened one of them. The caller's session goes on."""
    earlier = deployment.log_in()
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)

    own_passkeys(deployment).remove(user_id, session_id, b"id")

    assert deployment.alice.passkeys == (OTHER,)
    assert deployment.session_ids() == [session_id]
    assert deployment.end_of(earlier).reason == "passkey_removed"
    assert deployment.names()[0] == EventName.PASSKEY_REMOVED
    assert TOLD.mails == [("removed", USERNAME)]


def test_a_removal_that_comes_again_ends_the_other_sessions_again(deployment: Deployment) -> None:
    """The call before may have removed the passkey, and then failed."""
    earlier = deployment.log_in()
    user_id, session_id = with_passkeys(deployment, OTHER)

    with pytest.raises(UnknownPasskey):
        own_passkeys(deployment).remove(user_id, session_id, b"id")
    assert deployment.session_ids() == [session_id]
    assert deployment.end_of(earlier).reason == "passkey_removed"
    assert (deployment.alice.passkeys, TOLD.mails) == ((OTHER,), [])


@pytest.mark.parametrize("before", [(PASSKEY,), (PASSKEY, OTHER)])
def test_without_a_password_two_passkeys_stay(deployment: Deployment, before: tuple[RegisteredPasskey, ...]) -> None:
    """A lost device must not be the end of the account. One of three may go."""
    user_id, session_id = with_passkeys(deployment, *before)
    change_alice(deployment, password_hash="")

    with pytest.raises(LastWayIn):
        own_passkeys(deployment).remove(user_id, session_id, b"id")
    assert deployment.alice.passkeys == before
    assert (deployment.names(), TOLD.mails) == ([], [])
    third = PASSKEY._replace(credential_id=b"third", created_at_seconds=NOW + 2)
    change_alice(deployment, passkeys=(PASSKEY, OTHER, third))
    own_passkeys(deployment).remove(user_id, session_id, b"id")
    assert deployment.alice.passkeys == (OTHER, third)


def test_without_a_password_one_passkey_and_recovery_codes_stay(deployment: Deployment) -> None:
    """An app whose recovery codes are used up does not count, and codes alone open nothing."""
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)
    with_codes = with_app(replace(deployment.alice, password_hash=""), deployment.sealing_keys.keys)
    assert with_codes.factors
    change_alice(deployment, password_hash="", factors=replace(with_codes.factors, recovery=frozenset()))

    with pytest.raises(LastWayIn):
        own_passkeys(deployment).remove(user_id, session_id, b"id")
    change_alice(deployment, factors=with_codes.factors)
    own_passkeys(deployment).remove(user_id, session_id, b"id")
    with pytest.raises(LastWayIn):
        own_passkeys(deployment).remove(user_id, session_id, b"other")
    assert deployment.alice.passkeys == (OTHER,)


def test_the_only_factor_of_a_user_who_must_have_one_stays(deployment: Deployment) -> None:
    """SA1: with an app, with another passkey, or where nothing demands one, it may go."""
    user_id, session_id = with_passkeys(deployment, PASSKEY)

    with pytest.raises(FactorRequired):
        own_passkeys(deployment, "everybody").remove(user_id, session_id, b"id")
    assert deployment.alice.passkeys == (PASSKEY,)
    change_alice(deployment, passkeys=(PASSKEY, OTHER))
    own_passkeys(deployment, "everybody").remove(user_id, session_id, b"id")
    assert deployment.alice.passkeys == (OTHER,)
    own_passkeys(deployment, "optional").remove(user_id, session_id, b"other")
    deployment.store.identities[USERNAME] = with_app(
        replace(deployment.alice, passkeys=(PASSKEY,)), deployment.sealing_keys.keys
    )
    own_passkeys(deployment, "everybody").remove(user_id, session_id, b"id")
    assert not deployment.alice.passkeys


@pytest.mark.parametrize("act", ["add", "rename", "remove"])
def test_a_user_who_changes_at_the_same_time_is_trouble_and_no_refusal(deployment: Deployment, act: str) -> None:
    """F20: the same call may be made again. Nothing is told of what was not done."""
    user_id, session_id = with_passkeys(deployment, PASSKEY, OTHER)
    use_cases = own_passkeys(deployment)
    find = deployment.store.identities[USERNAME]
    moved = replace(find, epoch=find.epoch + 1)
    use_cases._identities = type("Old", (), {"find_by_id": lambda _self, _user_id: find})()
    deployment.store.identities[USERNAME] = moved
    acts: dict[str, Callable[[], object]] = {
        "add": lambda: use_cases.register(user_id, session_id, made(deployment)),
        "rename": lambda: use_cases.rename(user_id, session_id, b"id", "Blue"),
        "remove": lambda: use_cases.remove(user_id, session_id, b"id"),
    }

    with pytest.raises(TemporarilyUnavailable, match=r"^the identity or its passkeys changed at the same time$"):
        acts[act]()
    assert deployment.alice == moved
    assert (deployment.names(), TOLD.mails) == ([], [])

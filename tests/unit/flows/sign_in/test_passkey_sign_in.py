"""Sign-in with a passkey: what is accepted, which session it opens, and what is recorded."""

from dataclasses import replace

import pytest

from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.errors import InvalidProof, TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import MfaRequired
from edge_auth.flows.limits.rates import Rates
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.flows.sign_in.first_step import PasswordStep
from edge_auth.flows.sign_in.passkey_check import PasskeyCheck, PresentedPasskey
from edge_auth.flows.sign_in.passkey_request import PasskeyRequests
from edge_auth.flows.sign_in.passkey_sign_in import PasskeySignIn
from edge_auth.flows.sign_in.signed_in import SignedIn, SignInClient
from edge_auth.passkey_errors import InvalidPasskey
from edge_auth.sessions.client_description import ClientDescription
from edge_auth.sessions.session import BODY, COOKIE, SESSION
from edge_auth.tokens import device_token, passkey_challenge, refresh_token
from edge_auth.tokens.passkey_challenge import Purpose
from edge_auth.tokens.token_form import id_bytes
from tests.support.access_tokens import NOW
from tests.support.deployment import (
    ABSOLUTE_SECONDS,
    ADDRESS,
    MAC_KEY,
    OF_SITES,
    REFRESHED,
    USERNAME,
    Deployment,
    troubled,
)
from tests.support.fakes.passkeys import MemoryPasskeyOpening
from tests.support.software_passkeys import BE, BS, PARTY, RP_ID, UP, UV, Ceremony, private_key

CLIENT = ClientDescription("Ada's phone", "phone/1", "192.0.2.0/24")
ALICE = "QWxpY2UncyB1c2VyIGlkIA"
PHONE = Ceremony(private_key("ES256"), user_handle=id_bytes(ALICE))
SYNCED = PHONE.edited(flags=UP | UV | BE)


class Told:
    """The mails of new devices, as they were asked for."""

    def __init__(self) -> None:
        """Begin without any."""
        self.mails: list[tuple[str, ClientDescription]] = []

    def __call__(self, user: Identity, client: ClientDescription) -> None:
        """Tell."""
        self.mails.append((user.username, client))


@pytest.fixture
def told() -> Told:
    """Return the mails."""
    return Told()


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment in which alice has a passkey, and logs in with it after her password."""
    give(deployment, PHONE)
    return deployment.with_second_factor()


def give(deployment: Deployment, ceremony: Ceremony, *, sign_count: int = 0) -> None:
    """Give alice this passkey, and no other one."""
    stored = RegisteredPasskey(*ceremony.passkey(sign_count), name="phone", created_at_seconds=NOW - 100)
    deployment.store.identities[USERNAME] = replace(deployment.alice, passkeys=(stored,))


def use_case(deployment: Deployment, told: Told | None = None, *, has_first_step: bool = True) -> PasskeySignIn:
    """Return the use case."""
    return PasskeySignIn(
        check=PasskeyCheck(
            party=PARTY,
            rates=Rates(deployment.attempts),
            identities=deployment.identities,
            clock=deployment.clock,
            record=deployment.events.append,
        ),
        requests=PasskeyRequests(RP_ID, clock=deployment.clock, entropy=deployment.entropy),
        first_step=PasswordStep(
            limit=deployment.password_limit, clock=deployment.clock, record=deployment.events.append
        )
        if has_first_step
        else None,
        opening=troubled(MemoryPasskeyOpening(deployment.store), deployment.trouble, open="open_with_passkey"),
        policies={BODY: REFRESHED, COOKIE: REFRESHED, SESSION: OF_SITES},
        replace_session=deployment.replace_session,
        session_limit=deployment.session_limit,
        key_ring=deployment.key_ring,
        clock=deployment.clock,
        entropy=deployment.entropy,
        record=deployment.events.append,
        tell_new_device=told,
    )


def presented(deployment: Deployment, ceremony: Ceremony = PHONE, **changes: object) -> PresentedPasskey:
    """Return what a browser presents for a fresh challenge."""
    challenge = use_case(deployment).options()["challenge"]
    signed = ceremony.edited(**{"challenge": challenge, **changes})
    return PresentedPasskey(signed.credential_id, signed.assertion())


def client(device: str = "", earlier: str = "", transport: str = BODY) -> SignInClient:
    """Return who signs in."""
    return SignInClient(ADDRESS, CLIENT, transport, device, earlier)


def signed_in(deployment: Deployment, ceremony: Ceremony = PHONE, **changes: object) -> SignedIn:
    """Sign in."""
    return use_case(deployment)(presented(deployment, ceremony, **changes), client())


def test_the_options_have_a_challenge_and_name_no_passkey(deployment: Deployment) -> None:
    """WebAuthn §5.5: the browser offers the passkeys that it has, and verifies the user. No table is read."""
    deployment.trouble.acts.clear()
    options = use_case(deployment).options()

    challenge = passkey_challenge.parse(
        str(options.pop("challenge")), {MAC_KEY.key_id: MAC_KEY}, Purpose.SIGN_IN, now_seconds=NOW
    )
    assert challenge.expires_at_seconds == NOW + 300
    assert options == {"timeout": 300_000, "rpId": RP_ID, "allowCredentials": [], "userVerification": "required"}
    assert deployment.trouble.acts == []


def test_a_passkey_opens_a_session_of_its_user(deployment: Deployment) -> None:
    """Its level is that of a login that cannot be phished, and its methods are those of RFC 8176 §2."""
    opened = signed_in(deployment)

    session = opened.session
    assert deployment.store.sessions == {(ALICE, session.session_id): session}
    assert (session.user_id, session.acr, session.amr) == (ALICE, "phr", ("hwk", "user"))
    assert (session.client, session.transport, session.scope) == (CLIENT, BODY, "orders:read")
    assert session.absolute_expires_at_seconds == NOW + ABSOLUTE_SECONDS
    assert opened.token.session_id == session.session_id
    assert deployment.events == [SecurityEvent(EventName.LOGIN_SUCCEEDED, ALICE, session.session_id)]


def test_a_synced_passkey_is_one_of_software(deployment: Deployment) -> None:
    """RFC 8176 §2: its key may be copied to other devices."""
    give(deployment, SYNCED)

    assert signed_in(deployment, SYNCED).session.amr == ("swk", "user")


def test_the_transport_decides_the_timeouts(deployment: Deployment) -> None:
    """A site's session is shorter."""
    opened = use_case(deployment)(presented(deployment), client(transport=SESSION))

    assert opened.session.absolute_expires_at_seconds == NOW + OF_SITES.absolute_seconds
    assert opened.session.transport == SESSION


def test_the_passkey_keeps_when_it_was_used_and_how_often(deployment: Deployment) -> None:
    """WebAuthn §7.2, step 24: also whether it is backed up now."""
    give(deployment, SYNCED)
    deployment.clock.advance(ms=5999)
    signed_in(deployment, SYNCED, sign_count=7, flags=UP | UV | BE | BS)

    [stored] = deployment.alice.passkeys
    assert (stored.sign_count, stored.is_backed_up, stored.used_at_seconds) == (7, True, NOW + 5)
    assert (stored.name, stored.created_at_seconds, stored.is_backup_eligible) == ("phone", NOW - 100, True)


def test_a_challenge_opens_one_session(deployment: Deployment) -> None:
    """SB5: a replayed answer is refused and recorded."""
    shown = presented(deployment)
    use_case(deployment)(shown, client())
    deployment.names()

    with pytest.raises(InvalidPasskey):
        use_case(deployment)(shown, client())
    assert deployment.events == [
        SecurityEvent(EventName.LOGIN_FAILED, ALICE, reason="passkey: the challenge was spent before")
    ]
    assert len(deployment.store.sessions) == 1


@pytest.mark.parametrize(("seconds", "is_taken"), [(299, True), (300, False)])
def test_a_challenge_is_good_for_five_minutes(deployment: Deployment, seconds: int, *, is_taken: bool) -> None:
    """WebAuthn §13.4.3. A refusal of the challenge costs no request, and sets off no alarm."""
    shown = presented(deployment)
    deployment.clock.advance(seconds=seconds)
    deployment.trouble.acts.clear()

    if is_taken:
        assert use_case(deployment)(shown, client()).session.auth_time_seconds == NOW + seconds
        return
    with pytest.raises(InvalidPasskey, match=r"^passkey: challenge: expired$"):
        use_case(deployment)(shown, client())
    assert (deployment.trouble.acts, deployment.events) == ([], [])


@pytest.mark.parametrize("challenge", ["", "A" * 80, "é"])
def test_a_challenge_that_is_not_ours_costs_no_request(deployment: Deployment, challenge: str) -> None:
    """A stranger makes as many as the gateway lets through, so none is recorded."""
    shown = presented(deployment, challenge=challenge)
    deployment.trouble.acts.clear()

    with pytest.raises(InvalidPasskey, match=r"^passkey: challenge: "):
        use_case(deployment)(shown, client())
    assert (deployment.trouble.acts, deployment.events) == ([], [])


REFUSED: dict[str, tuple[dict[str, object], str, str]] = {
    "another key": ({"key": private_key("ES256", 7)}, ALICE, "signature"),
    "an unknown passkey": ({"credential_id": b"unknown"}, ALICE, "the user has no such passkey"),
    "an unknown user": ({"user_handle": bytes(16)}, "A" * 22, "there is no such user"),
    "a short user handle": ({"user_handle": bytes(15)}, "", "no user handle of ours"),
    "a long user handle": ({"user_handle": bytes(17)}, "", "no user handle of ours"),
    "another origin": ({"origin": "https://evil.example"}, ALICE, "origin"),
    "no verified user": ({"flags": UP}, ALICE, "user not verified"),
    "another eligibility": ({"flags": UP | UV | BE}, ALICE, "backup eligibility"),
}


@pytest.mark.parametrize(("edit", "user_id", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_passkey_that_is_not_accepted_opens_nothing_and_is_recorded(
    deployment: Deployment, edit: dict[str, object], user_id: str, reason: str
) -> None:
    """SC7: the log says why, and the client does not learn it. The challenge is not spent."""
    challenge = use_case(deployment).options()["challenge"]
    good = PHONE.edited(challenge=challenge)
    bad = good.edited(**edit)

    with pytest.raises(InvalidPasskey) as refused:
        use_case(deployment)(PresentedPasskey(bad.credential_id, bad.assertion()), client())
    [event] = deployment.events
    assert (event.name, event.user_id, event.reason) == (EventName.LOGIN_FAILED, user_id, refused.value.detail)
    assert event.reason.startswith("passkey: ")
    assert reason in event.reason
    assert deployment.store.sessions == {}
    use_case(deployment)(PresentedPasskey(good.credential_id, good.assertion()), client())


def test_a_disabled_user_is_refused(deployment: Deployment) -> None:
    """F18."""
    deployment.store.identities[USERNAME] = replace(deployment.alice, status=DISABLED)

    with pytest.raises(InvalidPasskey):
        signed_in(deployment)
    assert deployment.events == [SecurityEvent(EventName.LOGIN_FAILED, ALICE, reason="passkey: the user is disabled")]


def test_a_counter_that_goes_back_is_told_and_refused(deployment: Deployment) -> None:
    """WebAuthn §6.1.1: a security key cannot be copied, so there may be a second one."""
    give(deployment, PHONE, sign_count=5)

    with pytest.raises(InvalidPasskey):
        signed_in(deployment, sign_count=5)
    assert [(event.name, event.user_id, event.reason) for event in deployment.events] == [
        (EventName.PASSKEY_COUNTER_BEHIND, ALICE, "refused"),
        (EventName.LOGIN_FAILED, ALICE, "passkey: counter"),
    ]


def test_a_counter_of_a_synced_passkey_that_goes_back_is_only_told(deployment: Deployment) -> None:
    """Each device may count by itself. One that goes on is not told."""
    give(deployment, SYNCED, sign_count=5)

    signed_in(deployment, SYNCED, sign_count=4)
    told = SecurityEvent(EventName.PASSKEY_COUNTER_BEHIND, ALICE, reason="synced passkey")
    assert deployment.events[0] == told
    signed_in(deployment, SYNCED, sign_count=6)
    assert deployment.events.count(told) == 1


def test_too_many_attempts_from_a_source_wait_before_a_user_is_read(deployment: Deployment) -> None:
    """P13: 100 at once. A challenge that is not ours counts for nothing."""
    for _ in range(100):
        with pytest.raises(InvalidPasskey):
            signed_in(deployment, user_handle=b"")
    deployment.trouble.acts.clear()

    with pytest.raises(TooManyAttempts):
        signed_in(deployment)
    assert "find_by_id" not in deployment.trouble.acts
    other = SignInClient("192.0.2.9", CLIENT, BODY)
    assert use_case(deployment)(presented(deployment), other).session.user_id == ALICE


def test_a_user_who_changes_during_the_sign_in_is_trouble_and_no_refusal(deployment: Deployment) -> None:
    """F20: the next attempt decides."""
    flow, shown = use_case(deployment), presented(deployment)
    found = deployment.alice
    deployment.store.identities[USERNAME] = replace(found, epoch=found.epoch + 1)
    flow._check._identities = type("Old", (), {"find_by_id": lambda _self, _user_id: found})()

    with pytest.raises(TemporarilyUnavailable):
        flow(shown, client())
    assert (deployment.store.sessions, deployment.events) == ({}, [])


def test_a_new_device_gets_a_token_and_its_user_is_told(deployment: Deployment, told: Told) -> None:
    """A synced passkey signs in on devices that its user has never seen. A known device keeps its id."""
    flow = use_case(deployment, told)
    first = flow(presented(deployment), client()).device_token
    again = flow(presented(deployment), client(device=first)).device_token
    other = flow(presented(deployment), client(device="x")).device_token

    keys = {MAC_KEY.key_id: MAC_KEY}
    ids = [device_token.parse(text, keys, username=USERNAME).device_id for text in (first, again, other)]
    assert ids[0] == ids[1] != ids[2]
    assert told.mails == [(USERNAME, CLIENT)] * 2


def test_without_mail_nobody_is_told_of_a_new_device(deployment: Deployment) -> None:
    """The device gets its token all the same."""
    assert signed_in(deployment).device_token


def test_the_session_of_the_browser_before_is_replaced_before_the_limit_counts(deployment: Deployment) -> None:
    """C8, F36: the replaced session is none of those that are counted, so no other one ends for it."""
    deployment.max_sessions = 2
    other = signed_in(deployment)
    deployment.clock.advance(seconds=1)
    before = use_case(deployment)(presented(deployment), client(transport=COOKIE))
    cookie = refresh_token.mint(before.token, MAC_KEY)
    deployment.clock.advance(seconds=1)

    after = use_case(deployment)(presented(deployment), client(earlier=cookie, transport=COOKIE))
    assert sorted(deployment.session_ids()) == sorted([other.session.session_id, after.session.session_id])
    newest = signed_in(deployment)
    assert sorted(deployment.session_ids()) == sorted([after.session.session_id, newest.session.session_id])


def first_step(deployment: Deployment, device: str = "") -> str:
    """Log in with the right password, and return the token for the second step."""
    with pytest.raises(MfaRequired) as asked:
        deployment.log_in(device_token=device)
    deployment.names()
    return str(asked.value.members["mfa_token"])


def test_after_the_password_a_passkey_is_the_second_factor(deployment: Deployment) -> None:
    """RFC 8176 §2: `mfa` says that there were two."""
    opened = use_case(deployment)(presented(deployment), client(), first_step(deployment))

    assert (opened.session.amr, opened.session.acr) == (("pwd", "hwk", "user", "mfa"), "phr")


def test_where_second_factors_are_off_the_token_of_a_first_step_is_not_read(deployment: Deployment) -> None:
    """The passkey alone is enough."""
    flow = use_case(deployment, has_first_step=False)

    assert flow(presented(deployment), client(), "anything").session.amr == ("hwk", "user")


def test_a_token_of_the_first_step_that_is_worth_nothing_refuses_the_sign_in(deployment: Deployment) -> None:
    """A damaged one costs no request. One from before a change of the user is recorded."""
    token = first_step(deployment)
    deployment.trouble.acts.clear()

    with pytest.raises(InvalidProof):
        use_case(deployment)(presented(deployment), client(), "x")
    assert deployment.trouble.acts == []
    deployment.store.identities[USERNAME] = replace(deployment.alice, epoch=deployment.alice.epoch + 1)
    with pytest.raises(InvalidProof) as refused:
        use_case(deployment)(presented(deployment), client(), token)
    assert deployment.events == [SecurityEvent(EventName.LOGIN_FAILED, ALICE, reason=refused.value.detail)]
    assert deployment.store.sessions == {}


def test_the_token_of_a_first_step_is_good_for_its_time(deployment: Deployment) -> None:
    """SA2: the password was right some minutes ago."""
    token = first_step(deployment)
    deployment.clock.advance(seconds=300)

    with pytest.raises(InvalidProof):
        use_case(deployment)(presented(deployment), client(), token)
    deployment.clock.advance(seconds=-1)
    use_case(deployment)(presented(deployment), client(), token)


@pytest.mark.parametrize("is_known", [False, True])
def test_the_right_password_before_counts_for_nothing_after_the_passkey(
    deployment: Deployment, *, is_known: bool
) -> None:
    """P11: the attempt counts as failed until then, in the counter of the device, or in that of the account."""
    device = signed_in(deployment).device_token if is_known else ""

    for _ in range(12):
        token = first_step(deployment, device)
        use_case(deployment)(presented(deployment), client(device=device), token)
    with pytest.raises(TooManyAttempts):
        _ = [first_step(deployment, device) for _ in range(12)]


@pytest.mark.parametrize("trouble", [TemporarilyUnavailable, EpochMoved])
def test_the_right_password_counts_for_nothing_if_no_session_opens(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, trouble: type[Exception]
) -> None:
    """P11: password and passkey were right each time, so an outage makes nobody wait later."""

    def fails(*_arguments: object) -> None:
        raise trouble

    monkeypatch.setattr(MemoryPasskeyOpening, "open", fails)
    for _ in range(12):
        token = first_step(deployment)
        with pytest.raises(TemporarilyUnavailable):
            use_case(deployment)(presented(deployment), client(), token)


def test_the_right_password_counts_for_nothing_with_the_token_of_a_device_that_is_unknown_again(
    deployment: Deployment,
) -> None:
    """P11: the password has changed, so the attempt is in the counter of the account, and is taken out of that."""
    device = signed_in(deployment).device_token
    deployment.store.identities[USERNAME] = replace(deployment.alice, epoch=deployment.alice.epoch + 1)

    for _ in range(12):
        token = first_step(deployment, device)
        use_case(deployment)(presented(deployment), client(device=device), token)

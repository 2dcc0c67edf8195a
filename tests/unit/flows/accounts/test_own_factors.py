"""A user's own second factor: enrolled, replaced and removed, each only with a fresh login."""

from base64 import b32decode
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace

import pytest

from edge_auth.accounts.factors import Factors
from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.accounts.passkey import RegisteredPasskey
from edge_auth.credentials.totp import STEP_SECONDS
from edge_auth.errors import AuthError, InsufficientAuthentication, InvalidProof, InvalidToken, TemporarilyUnavailable
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import FactorRequired, InvalidOtp, LastWayIn, MfaEnrolmentRequired, MfaRequired, NoFactor
from edge_auth.flows.accounts.own_factors import OwnFactors, PendingApp
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.flows.ports.identities import EpochMoved
from edge_auth.keys.sealing_key import sealing_keys_from
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.fakes.factors import MemoryFactors
from tests.support.second_factor import CODES, shown_by_app, with_app

NEW_PASSWORD = "another long passphrase"


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with second factors, where alice has none."""
    return deployment.with_second_factor()


@pytest.fixture
def enrolled(deployment: Deployment) -> Deployment:
    """Return a deployment where alice has an app."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    return deployment


def log_in(deployment: Deployment, presented: Presented = NOTHING) -> TokenGrant:
    """Log alice in, with the code of her app if she has the one of the tests."""
    return deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=presented)


def with_code(deployment: Deployment, steps: int = 0) -> TokenGrant:
    """Log alice in with her app."""
    return log_in(deployment, Presented(otp=shown_by_app(deployment.clock() // 1000, steps=steps)))


def shown(deployment: Deployment, pending: PendingApp, steps: int = 0) -> str:
    """Return what a new app shows."""
    return shown_by_app(deployment.clock() // 1000, steps=steps, secret=b32decode(pending.secret))


def factors(deployment: Deployment) -> Factors:
    """Return alice's factors."""
    assert deployment.alice.factors is not None
    return deployment.alice.factors


def caller(deployment: Deployment, granted: TokenGrant) -> tuple[str, str]:
    """Return the user and the session of a caller with this access token."""
    return deployment.alice.user_id, granted.session_id


# --- Enrolment ---


def test_an_app_is_enrolled_by_its_code(deployment: Deployment) -> None:
    """From then on a login asks for it, and the ten recovery codes are good."""
    me = caller(deployment, log_in(deployment))
    pending = deployment.own_factors.begin(*me)
    assert deployment.alice.factors is None
    codes = deployment.own_factors.confirm(*me, pending.enrolment, shown(deployment, pending))
    assert len(codes) == 10
    assert deployment.alice.factors_version == 1
    assert EventName.FACTOR_ENROLLED in deployment.names()
    assert log_in(deployment, Presented(otp=shown(deployment, pending, steps=1))).session_id
    assert log_in(deployment, Presented(recovery_code=codes[9])).session_id


def test_the_code_of_the_enrolment_logs_nobody_in(deployment: Deployment) -> None:
    """SB1: its step is kept as used."""
    me = caller(deployment, log_in(deployment))
    pending = deployment.own_factors.begin(*me)
    code = shown(deployment, pending)
    deployment.own_factors.confirm(*me, pending.enrolment, code)
    with pytest.raises(InvalidOtp):
        log_in(deployment, Presented(otp=code))
    assert len(deployment.store.sessions) == 1
    deployment.clock.advance(seconds=STEP_SECONDS)
    assert log_in(deployment, Presented(otp=shown(deployment, pending))).session_id


def test_codes_are_shown_only_after_the_app_has_shown_its_own(deployment: Deployment) -> None:
    """SB8: whoever began an enrolment and did not finish it has changed nothing."""
    me = caller(deployment, log_in(deployment))
    pending = deployment.own_factors.begin(*me)
    with pytest.raises(InvalidOtp):
        deployment.own_factors.confirm(*me, pending.enrolment, shown(deployment, pending, steps=2))
    assert deployment.alice.factors is None
    assert deployment.own_factors.confirm(*me, pending.enrolment, shown(deployment, pending))


def test_of_many_pending_enrolments_one_wins(deployment: Deployment) -> None:
    """SB8: an older one never takes the place of one that was finished, whichever began first."""
    me = caller(deployment, log_in(deployment))
    pending = [deployment.own_factors.begin(*me) for _ in range(5)]
    deployment.own_factors.confirm(*me, pending[2].enrolment, shown(deployment, pending[2]))
    won = deployment.alice
    # Even with a fresh login with the factor, which the freshness of the session would allow.
    me = caller(deployment, log_in(deployment, Presented(otp=shown(deployment, pending[2], steps=1))))
    for other in (*pending[:2], *pending[3:]):
        with pytest.raises(InvalidProof):
            deployment.own_factors.confirm(*me, other.enrolment, shown(deployment, other))
    assert factors(deployment).totp == won.factors.totp  # type: ignore[union-attr]  # it was enrolled


def test_a_confirmation_that_comes_again_gives_new_codes_and_ends_the_others(enrolled: Deployment) -> None:
    """SB9: after a lost answer. The code has to be right, the app stays, and no other enrolment is taken for it."""
    me = caller(enrolled, with_code(enrolled))
    pending, other = enrolled.own_factors.begin(*me), enrolled.own_factors.begin(*me)
    lost = enrolled.own_factors.confirm(*me, pending.enrolment, shown(enrolled, pending))
    left = log_in(enrolled, Presented(recovery_code=lost[0]))
    stored = factors(enrolled)
    with pytest.raises(InvalidOtp):
        enrolled.own_factors.confirm(*me, pending.enrolment, shown(enrolled, pending, steps=2))
    with pytest.raises(InvalidProof):
        enrolled.own_factors.confirm(*me, other.enrolment, shown(enrolled, other))
    assert left.session_id in enrolled.session_ids()
    codes = enrolled.own_factors.confirm(*me, pending.enrolment, shown(enrolled, pending))
    assert enrolled.session_ids() == [me[1]]
    assert (factors(enrolled).totp, factors(enrolled).totp_step) == (stored.totp, stored.totp_step)
    assert log_in(enrolled, Presented(recovery_code=codes[0])).session_id
    with pytest.raises(InvalidOtp):
        log_in(enrolled, Presented(recovery_code=lost[1]))


@pytest.mark.parametrize("seconds", [0, 600])
def test_an_enrolment_is_good_for_ten_minutes(deployment: Deployment, seconds: int) -> None:
    """It is long enough to get an app."""
    deployment.clock.advance(seconds=-seconds)
    me = caller(deployment, log_in(deployment))
    pending = deployment.own_factors.begin(*me)
    deployment.clock.advance(seconds=seconds)
    if seconds == 0:
        deployment.own_factors.confirm(*me, pending.enrolment, shown(deployment, pending))
        return
    me = caller(deployment, log_in(deployment))
    with pytest.raises(InvalidProof):
        deployment.own_factors.confirm(*me, pending.enrolment, shown(deployment, pending))
    assert deployment.alice.factors is None


def test_a_first_app_ends_no_session_and_another_one_ends_the_others(deployment: Deployment) -> None:
    """A new app may mean that the old one is in other hands. A session with one factor can change no credential."""
    other, mine = log_in(deployment), log_in(deployment)
    pending = deployment.own_factors.begin(*caller(deployment, mine))
    deployment.own_factors.confirm(*caller(deployment, mine), pending.enrolment, shown(deployment, pending))
    assert not deployment.is_dead(other)
    stronger = log_in(deployment, Presented(otp=shown(deployment, pending, steps=1)))
    again = deployment.own_factors.begin(*caller(deployment, stronger))
    deployment.own_factors.confirm(*caller(deployment, stronger), again.enrolment, shown(deployment, again))
    assert deployment.is_dead(other)
    assert deployment.is_dead(mine)
    assert not deployment.is_dead(stronger)
    with pytest.raises(InvalidOtp):
        log_in(deployment, Presented(otp=shown(deployment, pending, steps=2)))


def test_an_app_whose_key_is_gone_is_another_app(enrolled: Deployment) -> None:
    """SB8: it shows no right code any more, so the new app takes its place."""
    granted = with_code(enrolled)
    me, lost = caller(enrolled, granted), factors(enrolled)
    enrolled.sealing_keys.keys = sealing_keys_from("anotherkey" * 6)
    pending = enrolled.own_factors.begin(*me)
    enrolled.own_factors.confirm(*me, pending.enrolment, shown(enrolled, pending))
    assert factors(enrolled).totp != lost.totp
    assert log_in(enrolled, Presented(otp=shown(enrolled, pending, steps=1))).session_id


def test_the_secret_is_not_printed(deployment: Deployment) -> None:
    """L4: a traceback shows neither the secret nor the picture."""
    pending = deployment.own_factors.begin(*caller(deployment, log_in(deployment)))
    assert pending.secret not in repr(pending)
    assert pending.enrolment not in repr(pending)
    assert "otpauth" in pending.uri
    assert "alice" in pending.uri


# --- Recovery codes and removal ---


def test_new_recovery_codes_take_the_place_of_the_old_ones(enrolled: Deployment) -> None:
    """The old paper is worth nothing, and no session ends."""
    other, mine = with_code(enrolled), with_code(enrolled, steps=1)
    codes = enrolled.own_factors.replace_codes(*caller(enrolled, mine))
    assert not enrolled.is_dead(other)
    with pytest.raises(InvalidOtp):
        log_in(enrolled, Presented(recovery_code=CODES[0]))
    assert log_in(enrolled, Presented(recovery_code=codes[0])).session_id


def test_a_factor_is_removed(enrolled: Deployment) -> None:
    """A login then asks for none, and the other sessions have ended. To do it again is no error."""
    other, mine = with_code(enrolled), with_code(enrolled, steps=1)
    for _ in range(2):
        enrolled.own_factors.remove(*caller(enrolled, mine))
    assert enrolled.alice.factors is None
    assert enrolled.alice.factors_version == 2
    assert enrolled.is_dead(other)
    assert not enrolled.is_dead(mine)
    assert log_in(enrolled).session_id
    with pytest.raises(NoFactor):
        enrolled.own_factors.replace_codes(*caller(enrolled, log_in(enrolled)))


def test_whoever_must_have_a_factor_cannot_remove_the_only_one(enrolled: Deployment) -> None:
    """SA8: another app can take its place at any time."""
    enrolled.with_second_factor("role:admin")
    mine = with_code(enrolled)
    with pytest.raises(FactorRequired):
        enrolled.own_factors.remove(*caller(enrolled, mine))
    assert enrolled.alice.factors is not None
    enrolled.own_factors.begin(*caller(enrolled, mine))


@pytest.mark.parametrize(("number", "is_kept"), [(1, True), (2, False)])
def test_without_a_password_the_app_stays_beside_one_passkey(
    enrolled: Deployment, number: int, *, is_kept: bool
) -> None:
    """Its recovery codes are what a user has left who loses the one device."""
    passkeys = tuple(PASSKEY._replace(credential_id=bytes([each])) for each in range(number))
    mine = with_code(enrolled)
    enrolled.change_session(mine, acr="phr")
    enrolled.store.identities[USERNAME] = replace(enrolled.alice, password_hash="", passkeys=passkeys)
    with pytest.raises(LastWayIn) if is_kept else nullcontext():
        enrolled.own_factors.remove(*caller(enrolled, mine))
    assert (enrolled.alice.factors is not None) is is_kept


def test_the_caller_sees_the_own_factors(enrolled: Deployment) -> None:
    """A page shows whether there is an app, and how many codes are left. No fresh login is needed."""
    mine = log_in(enrolled, Presented(recovery_code=CODES[0]))
    enrolled.clock.advance(seconds=10_000)
    state = enrolled.own_factors.state(*caller(enrolled, mine))
    assert state is not None
    assert (len(state.recovery), state.is_locked) == (9, False)


# --- Who may change it ---

CHANGES: dict[str, Callable[[OwnFactors, tuple[str, str]], object]] = {
    "begin": lambda use, me: use.begin(*me),
    "confirm": lambda use, me: use.confirm(*me, "x", "000000"),
    "codes": lambda use, me: use.replace_codes(*me),
    "remove": lambda use, me: use.remove(*me),
}


def outcome(deployment: Deployment, change: str, me: tuple[str, str]) -> type[AuthError] | None:
    """Return the error of a change, or None."""
    try:
        if change == "password":
            deployment.change_password(*me, PASSWORD, NEW_PASSWORD)
        else:
            CHANGES[change](deployment.own_factors, me)
    except AuthError as error:
        return type(error)
    return None


@pytest.mark.parametrize("change", [*CHANGES, "password"])
@pytest.mark.parametrize("acr", ["", "1fa", "2fa", "phr"])
@pytest.mark.parametrize("age_seconds", [0, 300, 301, 86_400])
def test_a_change_needs_the_strongest_login_of_the_user_and_a_recent_one(
    enrolled: Deployment, change: str, acr: str, age_seconds: int
) -> None:
    """SA7: a weaker login, or one more than five minutes ago, changes no credential where a factor is enrolled."""
    granted = with_code(enrolled)
    enrolled.change_session(granted, acr=acr, auth_time_seconds=enrolled.clock() // 1000 - age_seconds)
    before = enrolled.alice
    error = outcome(enrolled, change, caller(enrolled, granted))
    if acr in ("2fa", "phr") and age_seconds <= 300:
        assert error is (InvalidProof if change == "confirm" else None)
    else:
        assert error is InsufficientAuthentication
        assert enrolled.alice == before


@pytest.mark.parametrize("change", [*CHANGES, "password"])
@pytest.mark.parametrize("acr", ["1fa", "2fa", "phr"])
def test_with_a_passkey_only_a_login_by_one_is_strong_enough(enrolled: Deployment, change: str, acr: str) -> None:
    """SA7: a passkey is stronger than a code, so what a thief of both password and app has is not enough."""
    granted = with_code(enrolled)
    passkey = RegisteredPasskey(b"id", b"key", 0, False, False, "phone", 1)  # noqa: FBT003 - its fields in order
    enrolled.store.identities[USERNAME] = replace(enrolled.alice, passkeys=(passkey,))
    enrolled.change_session(granted, acr=acr, auth_time_seconds=enrolled.clock() // 1000)
    allowed = InvalidProof if change == "confirm" else None
    error = outcome(enrolled, change, caller(enrolled, granted))
    assert error is (allowed if acr == "phr" else InsufficientAuthentication)


@pytest.mark.parametrize("change", ["begin", "confirm", "codes", "remove"])
@pytest.mark.parametrize("age_seconds", [300, 301])
def test_a_first_factor_needs_a_recent_login_alone(deployment: Deployment, change: str, age_seconds: int) -> None:
    """SA7: a found device is not enough to enrol an app of its finder."""
    granted = log_in(deployment)
    deployment.clock.advance(seconds=age_seconds)
    error = outcome(deployment, change, caller(deployment, granted))
    allowed = {"begin": None, "confirm": InvalidProof, "codes": NoFactor, "remove": None}[change]
    assert error is (allowed if age_seconds <= 300 else InsufficientAuthentication)


def test_without_a_factor_a_password_is_changed_as_before(deployment: Deployment) -> None:
    """The current password is asked for, and an older login is good enough."""
    granted = log_in(deployment)
    deployment.clock.advance(seconds=10_000)
    assert outcome(deployment, "password", caller(deployment, granted)) is None


def test_a_refresh_makes_no_login_fresh(enrolled: Deployment) -> None:
    """SA6: the time of the login counts, and not that of the token."""
    granted = with_code(enrolled)
    enrolled.clock.advance(seconds=301)
    refreshed = enrolled.refreshed(granted.refresh_token)
    assert enrolled.claims_of(refreshed).iat == enrolled.clock() // 1000
    assert outcome(enrolled, "codes", caller(enrolled, refreshed)) is InsufficientAuthentication


@pytest.mark.parametrize("change", CHANGES)
def test_an_ended_session_and_a_disabled_user_change_nothing(enrolled: Deployment, change: str) -> None:
    """F18: the token of a session that has ended may still be accepted by an authorizer for some seconds."""
    granted = with_code(enrolled)
    user_id, session_id = caller(enrolled, granted)
    assert outcome(enrolled, change, (user_id, "another" + session_id[7:])) is InvalidToken
    enrolled.store.identities[USERNAME] = replace(enrolled.alice, status=DISABLED)
    assert outcome(enrolled, change, (user_id, session_id)) is InvalidToken


# --- Who must have one ---


def test_a_user_who_must_have_a_factor_sets_one_up_without_a_session(deployment: Deployment) -> None:
    """SA4, SA8: the right password gives a token for the enrolment, and the login after it asks for the app."""
    deployment.with_second_factor("everybody")
    with pytest.raises(MfaEnrolmentRequired) as required:
        log_in(deployment)
    token = required.value.members["enrolment_token"]
    pending = deployment.own_factors.begin_required(token)
    with pytest.raises(InvalidOtp):
        deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending, steps=2))
    codes = deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
    assert deployment.store.sessions == {}
    with pytest.raises(InvalidProof):
        deployment.own_factors.begin_required(token)
    assert log_in(deployment, Presented(otp=shown(deployment, pending, steps=1))).session_id
    assert log_in(deployment, Presented(recovery_code=codes[0])).session_id


def test_a_required_enrolment_whose_answer_was_lost_is_sent_again(deployment: Deployment) -> None:
    """SB9: the app is enrolled already, and the answer has new codes. Another app, or a changed user, gets none."""
    deployment.with_second_factor("everybody")
    with pytest.raises(MfaEnrolmentRequired) as required:
        log_in(deployment)
    token = required.value.members["enrolment_token"]
    pending, other = (deployment.own_factors.begin_required(token) for _ in range(2))
    lost = deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
    deployment.events.clear()
    again = deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
    assert deployment.events == [SecurityEvent(EventName.RECOVERY_CODES_REPLACED, deployment.alice.user_id)]
    codes = deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
    assert not set(lost) & set(again) & set(codes)
    for wrong in (lost[0], again[0]):
        with pytest.raises(InvalidOtp):
            log_in(deployment, Presented(recovery_code=wrong))
    assert log_in(deployment, Presented(recovery_code=codes[0])).session_id
    with pytest.raises(InvalidOtp):
        deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending, steps=5))
    with pytest.raises(InvalidProof):
        deployment.own_factors.confirm_required(token, other.enrolment, shown(deployment, other))
    deployment.store.identities[USERNAME] = replace(deployment.alice, epoch=deployment.alice.epoch + 1)
    with pytest.raises(InvalidProof):
        deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))


@pytest.mark.parametrize(
    "change",
    [
        lambda alice: replace(alice, epoch=alice.epoch + 1),
        lambda alice: replace(alice, password_hash="$argon2id$other"),
        lambda alice: replace(alice, factors_version=1),
        lambda alice: replace(alice, status=DISABLED),
    ],
    ids=["epoch", "password", "factors", "disabled"],
)
def test_the_token_of_an_enrolment_ends_when_the_user_changes(
    deployment: Deployment, change: Callable[[Identity], Identity]
) -> None:
    """SA2: a password that was changed meanwhile gives nobody a factor of theirs."""
    deployment.with_second_factor("everybody")
    with pytest.raises(MfaEnrolmentRequired) as required:
        log_in(deployment)
    token = required.value.members["enrolment_token"]
    alice = deployment.alice
    deployment.store.identities[USERNAME] = change(alice)
    with pytest.raises(InvalidProof):
        deployment.own_factors.begin_required(token)
    deployment.store.identities[USERNAME] = alice
    deployment.own_factors.begin_required(token)


def test_the_token_of_an_enrolment_is_good_for_a_quarter_of_an_hour(deployment: Deployment) -> None:
    """SA2: long enough to get an app first."""
    deployment.with_second_factor("everybody")
    with pytest.raises(MfaEnrolmentRequired) as required:
        log_in(deployment)
    token = required.value.members["enrolment_token"]
    deployment.clock.advance(seconds=899)
    deployment.own_factors.begin_required(token)
    deployment.clock.advance(seconds=1)
    with pytest.raises(InvalidProof):
        deployment.own_factors.begin_required(token)


def test_the_token_of_a_deleted_user_enrols_nothing(deployment: Deployment) -> None:
    """F18: it may be deleted between the two steps."""
    deployment.with_second_factor("everybody")
    with pytest.raises(MfaEnrolmentRequired) as required:
        log_in(deployment)
    token = required.value.members["enrolment_token"]
    pending = deployment.own_factors.begin_required(token)
    alice = deployment.store.identities.pop(USERNAME)
    with pytest.raises(InvalidProof):
        deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))
    deployment.store.identities[USERNAME] = alice
    assert deployment.own_factors.confirm_required(token, pending.enrolment, shown(deployment, pending))


def test_the_token_of_a_second_step_enrols_nothing(enrolled: Deployment) -> None:
    """SA2: one kind of proof is refused in the place of another."""
    with pytest.raises(MfaRequired) as required:
        log_in(enrolled)
    with pytest.raises(InvalidProof):
        enrolled.own_factors.begin_required(required.value.members["mfa_token"])


def test_a_password_alone_enrols_no_app_for_a_user_with_a_passkey(deployment: Deployment) -> None:
    """SA4, SA7: a leaked password must not become a login with two factors. The passkey is asked for."""
    deployment.with_second_factor("everybody")
    without = deployment.alice
    deployment.store.identities[USERNAME] = replace(without, passkeys=(PASSKEY,))
    with pytest.raises(MfaRequired) as asked:
        log_in(deployment)
    with pytest.raises(InvalidProof):
        deployment.own_factors.begin_required(str(asked.value.members["mfa_token"]))
    assert deployment.store.sessions == {}
    deployment.store.identities[USERNAME] = without
    with pytest.raises(MfaEnrolmentRequired):
        log_in(deployment)


# --- Trouble ---


def changes_of(enrolled: Deployment) -> dict[str, Callable[[], object]]:
    """Return the changes that alice's session can make, by the name of the write."""
    mine = caller(enrolled, with_code(enrolled))
    pending = enrolled.own_factors.begin(*mine)
    return {
        "enrol": lambda: enrolled.own_factors.confirm(*mine, pending.enrolment, shown(enrolled, pending)),
        "replace_codes": lambda: enrolled.own_factors.replace_codes(*mine),
        "remove": lambda: enrolled.own_factors.remove(*mine),
    }


@pytest.mark.parametrize("act", ["enrol", "replace_codes", "remove"])
def test_a_change_that_is_not_written_changes_nothing(enrolled: Deployment, act: str) -> None:
    """F19: the answer is 503, the app is good as before, and later the same call succeeds."""
    calls = changes_of(enrolled)
    enrolled.trouble.fail(act)
    before = enrolled.alice
    with pytest.raises(TemporarilyUnavailable):
        calls[act]()
    assert enrolled.alice == before
    enrolled.trouble.heal()
    calls[act]()
    assert enrolled.alice != before


@pytest.mark.parametrize("act", ["enrol", "replace_codes", "remove"])
def test_a_user_who_changes_at_the_same_moment_gets_an_answer_to_repeat(enrolled: Deployment, act: str) -> None:
    """F20: the write finds another epoch than the one that was read. Nothing is recorded."""
    calls = changes_of(enrolled)
    enrolled.names()

    def moved(*_arguments: object) -> None:
        raise EpochMoved

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryFactors, act, moved)
        with pytest.raises(TemporarilyUnavailable, match=r"^the user or the factors changed meanwhile$"):
            calls[act]()
    assert enrolled.names() == []
    calls[act]()

"""A login with a second factor: what is asked, what opens a session, and what counts as a failure."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from edge_auth.accounts.factors import MAX_FAILURES, Factors
from edge_auth.accounts.identity import DISABLED, Identity
from edge_auth.credentials.totp import STEP_SECONDS
from edge_auth.errors import (
    AuthError,
    InvalidCredentials,
    InvalidProof,
    InvalidRequest,
    TemporarilyUnavailable,
    TooManyAttempts,
)
from edge_auth.events.security_event import EventName
from edge_auth.factor_errors import FactorLocked, InvalidOtp, MfaEnrolmentRequired, MfaRequired
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.flows.session_grant import SessionGrant
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.throttling.limits import PASSWORD_BACKOFF, account_bucket
from edge_auth.tokens import proof_token
from edge_auth.tokens.proof_token import Kind
from tests.support.access_tokens import NOW
from tests.support.deployment import ADDRESS, MAC_KEY, PASSKEY, PASSWORD, POLICY, SEALING_KEY, USERNAME, Deployment
from tests.support.second_factor import CODES, SECRET, a_wrong_code, shown_by_app, with_app

WRONG = Presented(otp=a_wrong_code(NOW))


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with second factors, where alice has an app."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    return deployment.with_second_factor()


def log_in(
    deployment: Deployment, presented: Presented = NOTHING, password: str = PASSWORD, *, device_token: str = ""
) -> TokenGrant:
    """Log alice in."""
    return deployment.login(USERNAME, password, POLICY, address=ADDRESS, device_token=device_token, presented=presented)


def code(deployment: Deployment, steps: int = 0) -> Presented:
    """Return what the app shows now."""
    return Presented(otp=shown_by_app(deployment.clock() // 1000, steps=steps))


def asked(deployment: Deployment) -> str:
    """Log in without a code, and return the token with which the login goes on."""
    with pytest.raises(MfaRequired) as required:
        log_in(deployment)
    token: str = required.value.members["mfa_token"]
    return token


def factors(deployment: Deployment) -> Factors:
    """Return alice's factors."""
    assert deployment.alice.factors is not None
    return deployment.alice.factors


def refused(deployment: Deployment, error: type[AuthError], presented: Presented, password: str = PASSWORD) -> None:
    """Check that a login is refused, and that there is no session."""
    with pytest.raises(error):
        log_in(deployment, presented, password)
    assert deployment.store.sessions == {}


def failed_attempts(deployment: Deployment) -> int:
    """Count the attempts at alice's account that count as failed."""
    tries = deployment.attempts.counters[account_bucket(USERNAME)]
    assert tries.free <= tries.failed, "no attempt is undecided"
    return len(tries.free)


# --- In one request ---


def test_password_and_code_open_a_session(deployment: Deployment) -> None:
    """SA5, RFC 8176 §2: the session and its tokens say that there were two factors of different kinds."""
    granted = log_in(deployment, code(deployment))
    claims = deployment.claims_of(granted)
    assert (claims.amr, claims.acr, claims.auth_time) == (("pwd", "otp", "mfa"), "2fa", NOW)
    assert deployment.session_of(granted).acr == "2fa"
    assert factors(deployment).totp_step == NOW // STEP_SECONDS
    assert deployment.names() == [EventName.LOGIN_SUCCEEDED]
    assert failed_attempts(deployment) == 0


def test_a_code_opens_one_session(deployment: Deployment) -> None:
    """SB1, RFC 6238 §5.2: the code that was accepted, and the codes of earlier steps, are refused from then on."""
    log_in(deployment, code(deployment))
    for steps in (0, -1):
        with pytest.raises(InvalidOtp):
            log_in(deployment, code(deployment, steps))
    assert len(deployment.store.sessions) == 1
    log_in(deployment, code(deployment, steps=1))
    assert len(deployment.store.sessions) == 2


@pytest.mark.parametrize("setting", ["optional", "everybody", "role:admin", "role:nobody"])
def test_an_enrolled_factor_is_asked_whatever_the_policy_says(deployment: Deployment, setting: str) -> None:
    """SA4: no session exists before all factors have passed."""
    refused(deployment.with_second_factor(setting), MfaRequired, NOTHING)
    assert deployment.names() == [EventName.SECOND_FACTOR_ASKED]


def test_a_code_without_the_password_is_worth_nothing(deployment: Deployment) -> None:
    """SB1: a wrong password is refused alike with a right code, a wrong one and none, and no code is used up."""
    for presented in (code(deployment), WRONG, NOTHING):
        refused(deployment, InvalidCredentials, presented, "not the password at all")
    assert (factors(deployment).totp_step, factors(deployment).failures) == (0, 0)


def test_a_wrong_code_is_counted_on_the_user_and_on_the_account(deployment: Deployment) -> None:
    """SB7: the attempt counts as failed although the password was right, and so does the code."""
    refused(deployment, InvalidOtp, WRONG)
    assert factors(deployment).failures == 1
    assert failed_attempts(deployment) == 1
    assert deployment.names() == [EventName.LOGIN_FAILED]
    log_in(deployment, code(deployment))
    assert factors(deployment).failures == 0
    assert failed_attempts(deployment) == 1


def test_a_right_code_takes_back_one_wrong_code(deployment: Deployment) -> None:
    """SB7: who types a wrong code now and then is never locked out, and no login forgets what somebody else typed."""
    for left, steps in ((3, None), (2, 0), (1, 1)):
        if steps is None:
            for _ in range(left):
                refused(deployment, InvalidOtp, WRONG)
        else:
            log_in(deployment, code(deployment, steps))
        assert factors(deployment).failures == left


def test_who_guesses_beside_an_owner_who_logs_in_is_stopped(deployment: Deployment) -> None:
    """SB7: the owner's logins take back less than the guesses add, so the guesses come to an end."""
    guesses = logins = 0
    while not factors(deployment).is_locked:
        deployment.clock.advance(seconds=1800)  # more than any wait
        if guesses > 4 * logins + 3:
            log_in(deployment, code(deployment))
            logins += 1
            continue
        with pytest.raises(InvalidOtp):
            log_in(deployment, WRONG)
        guesses += 1
    assert logins > 0
    assert guesses == MAX_FAILURES + logins


def test_attempts_are_counted_before_a_code_is_compared(deployment: Deployment) -> None:
    """SB7: after five wrong codes a right one waits too, so guesses at once are no more than guesses one by one."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        refused(deployment, InvalidOtp, WRONG)
    refused(deployment, TooManyAttempts, code(deployment))
    assert factors(deployment).failures == PASSWORD_BACKOFF.free_attempts
    deployment.clock.advance(seconds=1)
    log_in(deployment, code(deployment))


@pytest.mark.parametrize("username", ["ALICE", "\uff41lice", " alice"])
def test_another_spelling_of_the_name_has_the_same_factor_and_counter(deployment: Deployment, username: str) -> None:
    """SA9: who writes the name in another way is asked all the same, and has no other attempts."""
    with pytest.raises(InvalidOtp):
        deployment.login(username.strip(), PASSWORD, POLICY, address=ADDRESS, presented=WRONG)
    assert failed_attempts(deployment) == 1
    with pytest.raises(MfaRequired):
        deployment.login(username.strip(), PASSWORD, POLICY, address=ADDRESS)


def test_a_hundred_wrong_codes_lock_the_app(deployment: Deployment) -> None:
    """SB7: in all 100 guesses at three codes of a million. Then the app's codes are refused, and a person is told."""
    for _ in range(MAX_FAILURES):
        deployment.clock.advance(seconds=2 * 960)
        refused(deployment, InvalidOtp, Presented(otp=a_wrong_code(deployment.clock() // 1000)))
    assert deployment.names().count(EventName.FACTOR_LOCKED) == 1
    deployment.clock.advance(seconds=2 * 960)
    refused(deployment, FactorLocked, code(deployment))
    deployment.clock.advance(seconds=2 * 960)
    log_in(deployment, Presented(recovery_code=CODES[0]))
    deployment.clock.advance(seconds=2 * 960)
    log_in(deployment, code(deployment))


def hours_to_the_lock(deployment: Deployment, device_tokens: Sequence[str]) -> float:
    """Guess with each of these tokens, an empty one for none, as often as the waits allow. Return how long it took."""
    begun, found = deployment.clock(), 0
    while found < MAX_FAILURES:
        waits = []
        for device_token in device_tokens:
            try:
                log_in(deployment, Presented(otp=a_wrong_code(deployment.clock() // 1000)), device_token=device_token)
            except TooManyAttempts as error:
                waits.append(error.retry_after_seconds)
            except InvalidOtp:
                found += 1
        if len(waits) == len(device_tokens):
            deployment.clock.advance(seconds=min(waits))
    assert found == factors(deployment).failures
    assert factors(deployment).is_locked
    return (deployment.clock() - begun) / 3_600_000


def test_the_lock_takes_more_than_twenty_one_hours(deployment: Deployment) -> None:
    """SB7: whoever knows the password cannot lock the factor of its user in a moment."""
    assert 21 <= hours_to_the_lock(deployment, [""]) < 23


def test_with_a_device_token_of_the_user_the_lock_takes_nine_hours(deployment: Deployment) -> None:
    """P11: its attempts have a counter of their own, so there are two rows of waits. The wrong codes are one number."""
    device_token = log_in(deployment, code(deployment)).device_token
    deployment.clock.advance(seconds=86_400)
    assert 9 <= hours_to_the_lock(deployment, ["", device_token]) < 10
    assert factors(deployment).failures == MAX_FAILURES


# --- Recovery codes ---


def test_a_recovery_code_stands_for_the_app_once(deployment: Deployment) -> None:
    """SB2: it is taken out with the session that it opens, and the log says how many are left."""
    granted = log_in(deployment, Presented(recovery_code=CODES[3].lower()))
    assert deployment.claims_of(granted).acr == "2fa"
    assert deployment.claims_of(granted).amr == ("pwd", "mfa")
    assert len(factors(deployment).recovery) == 9
    assert [event.reason for event in deployment.events if event.name is EventName.RECOVERY_CODE_USED] == ["9 left"]
    with pytest.raises(InvalidOtp):
        log_in(deployment, Presented(recovery_code=CODES[3]))
    for each in CODES[4:]:
        deployment.clock.advance(seconds=1)
        log_in(deployment, Presented(recovery_code=each))


def test_two_codes_are_a_malformed_request(deployment: Deployment) -> None:
    """A second guess in the same request would not be counted."""
    both = Presented(otp=code(deployment).otp, recovery_code=CODES[0])
    refused(deployment, InvalidRequest, both)
    assert deployment.trouble.acts == []
    log_in(deployment, both._replace(recovery_code=""))


# --- In two requests ---


def test_the_token_of_the_first_step_takes_the_place_of_the_password(deployment: Deployment) -> None:
    """SA4: the first step opens nothing, and after the second one both attempts are forgotten."""
    token = asked(deployment)
    assert deployment.store.sessions == {}
    assert failed_attempts(deployment) == 1
    granted = log_in(deployment, code(deployment)._replace(mfa_token=token), password="")
    assert deployment.claims_of(granted).acr == "2fa"
    assert failed_attempts(deployment) == 0


def test_many_logins_in_two_steps_never_make_their_user_wait(deployment: Deployment) -> None:
    """P11: a login that succeeds takes no free attempt away, in one step or in two."""
    for _ in range(3 * PASSWORD_BACKOFF.free_attempts):
        deployment.clock.advance(seconds=STEP_SECONDS)
        token = asked(deployment)
        log_in(deployment, code(deployment)._replace(mfa_token=token))
    assert failed_attempts(deployment) == 0


def test_first_steps_that_nobody_finishes_count_as_failures(deployment: Deployment) -> None:
    """SB7: the first step alone resets nothing. Whoever asks for many tokens gets no more guesses."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        asked(deployment)
    refused(deployment, TooManyAttempts, NOTHING)


def test_a_token_multiplies_no_guesses(deployment: Deployment) -> None:
    """SB7: guesses count on the account, not on the token."""
    token = asked(deployment)
    for _ in range(PASSWORD_BACKOFF.free_attempts - 1):
        refused(deployment, InvalidOtp, WRONG._replace(mfa_token=token))
    refused(deployment, TooManyAttempts, WRONG._replace(mfa_token=token))
    deployment.clock.advance(seconds=1)
    refused(deployment, InvalidOtp, WRONG._replace(mfa_token=token))


@pytest.mark.parametrize(
    "change",
    [
        lambda alice: replace(alice, epoch=alice.epoch + 1),
        lambda alice: replace(alice, password_hash=f"{alice.password_hash}x"),
        lambda alice: replace(alice, factors_version=alice.factors_version + 1),
        lambda alice: replace(alice, email="new@example.com"),
        lambda alice: replace(alice, status=DISABLED),
    ],
    ids=["epoch", "password", "factors", "address", "disabled"],
)
def test_the_token_ends_when_the_user_changes(deployment: Deployment, change: Callable[[Identity], Identity]) -> None:
    """SA2: it is bound to all that the first step has checked."""
    token = asked(deployment)
    alice = deployment.alice
    deployment.store.identities[USERNAME] = change(alice)
    refused(deployment, InvalidProof, code(deployment)._replace(mfa_token=token))
    deployment.store.identities[USERNAME] = alice
    log_in(deployment, code(deployment)._replace(mfa_token=token))


def test_the_token_ends_after_five_minutes(deployment: Deployment) -> None:
    """It is for one login."""
    token = asked(deployment)
    deployment.clock.advance(seconds=300)
    refused(deployment, InvalidProof, code(deployment)._replace(mfa_token=token))
    deployment.clock.advance(seconds=-1)
    log_in(deployment, code(deployment)._replace(mfa_token=token))


def test_a_token_of_another_user_or_kind_costs_no_guess(deployment: Deployment) -> None:
    """SA2: what is forged or of another kind is refused before any request."""
    token = asked(deployment)
    proof = proof_token.parse(token, {MAC_KEY.key_id: MAC_KEY}, Kind.MFA, now_seconds=NOW)
    deployment.trouble.acts.clear()
    others = [Kind.RESET, Kind.CONFIRM, Kind.UNDO, Kind.ENROL, Kind.PASSKEY]
    for text in (token[:-1] + "A", "x", *(proof_token.mint(proof._replace(kind=kind), MAC_KEY) for kind in others)):
        refused(deployment, InvalidProof, code(deployment)._replace(mfa_token=text))
    refused(deployment, InvalidRequest, Presented(mfa_token=token))
    assert deployment.trouble.acts == []
    foreign = proof_token.mint(proof._replace(user_id="b0b0" * 5 + "bA"), MAC_KEY)
    refused(deployment, InvalidProof, code(deployment)._replace(mfa_token=foreign))
    log_in(deployment, code(deployment)._replace(mfa_token=token))


def test_the_token_and_the_codes_are_not_printed(deployment: Deployment) -> None:
    """L4: an error or a parameter in a traceback shows none of them."""
    token = asked(deployment)
    presented = Presented("123456", CODES[0], token)
    assert not any(secret in f"{presented!r} {MfaRequired(token)!r}" for secret in presented)


# --- At a site, and with a device token ---


def test_a_site_asks_too(deployment: Deployment) -> None:
    """SA4: the transport of the tokens makes no difference."""
    with pytest.raises(MfaRequired):
        deployment.login.at_site(USERNAME, PASSWORD, address=ADDRESS)
    assert deployment.store.sessions == {}
    granted = deployment.login.at_site(USERNAME, PASSWORD, address=ADDRESS, presented=code(deployment))
    assert isinstance(granted, SessionGrant)
    [session] = deployment.store.sessions.values()
    assert (session.acr, session.amr) == ("2fa", ("pwd", "otp", "mfa"))


def test_a_device_token_is_no_second_factor(deployment: Deployment) -> None:
    """SA10: it is asked on every device, at every login."""
    device_token = log_in(deployment, code(deployment)).device_token
    with pytest.raises(MfaRequired):
        log_in(deployment, device_token=device_token)
    granted = log_in(deployment, code(deployment, steps=1), device_token=device_token)
    assert deployment.claims_of(granted).acr == "2fa"


# --- Who must have one, and who has none ---


def test_a_user_without_a_factor_logs_in_with_the_same_acts(deployment: Deployment) -> None:
    """SA4: where second factors are on, a login without one costs no act more."""
    deployment.store.identities[USERNAME] = replace(deployment.alice, factors=None)
    claims = deployment.claims_of(log_in(deployment))
    assert (claims.amr, claims.acr) == (("pwd",), "1fa")
    acts = sorted(deployment.trouble.acts)
    deployment.trouble.acts.clear()
    deployment.second_step = None
    claims = deployment.claims_of(log_in(deployment))
    assert (claims.amr, claims.acr) == (("pwd",), "")
    assert sorted(deployment.trouble.acts) == acts


@pytest.mark.parametrize(("setting", "is_required"), [("everybody", True), ("role:admin", True), ("role:x", False)])
def test_a_user_who_must_have_a_factor_gets_no_session_before(
    deployment: Deployment, setting: str, *, is_required: bool
) -> None:
    """SA4, SA8: the answer to the right password is a token that is good for an enrolment alone."""
    deployment.store.identities[USERNAME] = replace(deployment.alice, factors=None)
    deployment.with_second_factor(setting)
    if not is_required:
        log_in(deployment)
        return
    with pytest.raises(MfaEnrolmentRequired) as required:
        log_in(deployment)
    token = required.value.members["enrolment_token"]
    proof_token.parse(token, {MAC_KEY.key_id: MAC_KEY}, Kind.ENROL, now_seconds=NOW + 899)
    refused(deployment, InvalidProof, Presented(otp="123456", mfa_token=token))
    refused(deployment, InvalidCredentials, NOTHING, "not the password at all")


def test_a_factor_that_appears_during_a_login_is_not_passed_by(deployment: Deployment) -> None:
    """SA8: an enrolment moves the epoch, so a login that has read the user before opens nothing."""
    with_factor = deployment.alice
    before = deployment.store.identities[USERNAME] = replace(with_factor, factors=None, factors_version=0)

    def enrol_first(*arguments: Any, **named: Any) -> None:  # noqa: ANN401 - passed through
        assert with_factor.factors is not None
        deployment.factors.enrol(before, with_factor.factors)
        open_session(*arguments, **named)

    open_session = deployment.session_opening.open
    deployment.session_opening.open = enrol_first  # type: ignore[method-assign]
    refused(deployment, TemporarilyUnavailable, NOTHING)
    deployment.session_opening.open = open_session  # type: ignore[method-assign]
    refused(deployment, MfaRequired, NOTHING)


def test_an_enrolled_user_is_refused_where_second_factors_are_off(deployment: Deployment) -> None:
    """SA4: a deployment that cannot check the factor does not skip it, and the attempt counts for nothing."""
    deployment.second_step = None
    refused(deployment, TemporarilyUnavailable, NOTHING)
    assert failed_attempts(deployment) == 0
    deployment.with_second_factor()
    log_in(deployment, code(deployment))


# --- Trouble ---


def test_a_code_that_cannot_be_counted_is_refused_by_an_outage(deployment: Deployment) -> None:
    """DC-3: the answer says neither that it was right nor that it was wrong."""
    deployment.trouble.fail("count_failure")
    refused(deployment, TemporarilyUnavailable, WRONG)
    deployment.trouble.heal()
    log_in(deployment, code(deployment))


def test_a_session_that_was_not_opened_uses_no_code_up(deployment: Deployment) -> None:
    """SB9: code and session are one write, so after an outage the same code is good."""
    deployment.trouble.fail("open")
    refused(deployment, TemporarilyUnavailable, code(deployment))
    assert factors(deployment).totp_step == 0
    deployment.trouble.heal()
    log_in(deployment, code(deployment))


def test_a_secret_is_sealed_again_under_the_newest_key(deployment: Deployment) -> None:
    """K3: an operator adds a key, and each user's next login moves the user's secret to it."""
    newer = sealing_keys_from(f"{'newerkey' * 8}\n{SEALING_KEY}")
    deployment.sealing_keys.keys = newer
    before = factors(deployment).totp
    log_in(deployment, code(deployment))
    after = factors(deployment).totp
    assert after != before
    deployment.sealing_keys.keys = sealing_keys_from("newerkey" * 8)
    log_in(deployment, code(deployment, steps=1))
    assert factors(deployment).totp == after
    assert SECRET not in after


def test_a_secret_without_its_key_is_trouble_and_no_wrong_code(deployment: Deployment) -> None:
    """DC-3: the user is not told that the code is wrong, and no failure is counted."""
    deployment.sealing_keys.keys = sealing_keys_from("newerkey" * 8)
    refused(deployment, TemporarilyUnavailable, code(deployment))
    assert factors(deployment).failures == 0


def test_a_passkey_is_never_skipped_where_passkeys_are_off(deployment: Deployment) -> None:
    """SA4: a user who has only a passkey gets in with it, and not with the password alone."""
    deployment.with_second_factor(has_passkeys=False)
    deployment.store.identities[USERNAME] = replace(deployment.alice, factors=None, passkeys=(PASSKEY,))

    refused(deployment, TemporarilyUnavailable, NOTHING)
    assert deployment.names() == []
    deployment.with_second_factor()
    refused(deployment, MfaRequired, NOTHING)

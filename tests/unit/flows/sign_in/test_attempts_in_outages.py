"""Attempts that an outage ends: they count as failed only if a guess was wrong, or may have been (P11, DC-3)."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from edge_auth.credentials.totp import STEP_SECONDS
from edge_auth.errors import TemporarilyUnavailable, TooManyAttempts
from edge_auth.factor_errors import MfaEnrolmentRequired, MfaRequired
from edge_auth.flows.grant import TokenGrant
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.flows.sign_in.step_up import Holder
from edge_auth.flows.sign_in.step_up_proofs import Proofs
from edge_auth.sessions.client_description import UNKNOWN_CLIENT
from edge_auth.sessions.session import BODY
from edge_auth.throttling.limits import PASSWORD_BACKOFF
from tests.support.access_tokens import NOW
from tests.support.deployment import ADDRESS, PASSKEY, PASSWORD, POLICY, USERNAME, Deployment
from tests.support.second_factor import a_wrong_code, shown_by_app, with_app

WRONG = Presented(otp=a_wrong_code(NOW))
Act = Callable[[Deployment, Presented], TokenGrant]


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment with second factors, where alice has an app."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    return deployment.with_second_factor()


def code(deployment: Deployment) -> Presented:
    """Return what the app shows now."""
    return Presented(otp=shown_by_app(deployment.clock() // 1000))


def log_in(deployment: Deployment, presented: Presented) -> TokenGrant:
    """Log alice in."""
    return deployment.login(USERNAME, PASSWORD, POLICY, address=ADDRESS, presented=presented)


def step_up(granted: TokenGrant) -> Act:
    """Return the step-up of this session."""

    def act(deployment: Deployment, presented: Presented) -> TokenGrant:
        holder = Holder(deployment.alice.user_id, granted.session_id, granted.refresh_token, BODY, UNKNOWN_CLIENT)
        return deployment.step_up(holder, Proofs("", presented)).tokens(POLICY, deployment.entropy)

    return act


def fails_as_often_as_is_free(deployment: Deployment, act: Act, presented: Presented) -> None:
    """Act in an outage until no attempt is free, if these count."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(TemporarilyUnavailable):
            act(deployment, presented)


def no_session_opens(deployment: Deployment) -> None:
    """Let no session be written."""
    deployment.trouble.fail("open")


def no_sealing_key_loads(deployment: Deployment) -> None:
    """Let the secret of the app be unreadable."""
    deployment.trouble.fail("unseal")


@pytest.mark.parametrize("outage", [no_session_opens, no_sealing_key_loads])
def test_an_outage_in_a_login_with_a_right_code_makes_nobody_wait(
    deployment: Deployment, outage: Callable[[Deployment], None]
) -> None:
    """Password and code were right each time, so the user is in as soon as the outage is over."""
    outage(deployment)
    fails_as_often_as_is_free(deployment, log_in, code(deployment))
    deployment.trouble.heal()

    log_in(deployment, code(deployment))


def test_an_outage_in_the_second_request_makes_nobody_wait_for_the_first_one(deployment: Deployment) -> None:
    """The attempt at the password is taken back too, so a user may begin again as often as the outage asks for it."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        deployment.trouble.heal()
        with pytest.raises(MfaRequired) as asked:
            log_in(deployment, NOTHING)
        no_sealing_key_loads(deployment)
        with pytest.raises(TemporarilyUnavailable):
            log_in(deployment, code(deployment)._replace(mfa_token=str(asked.value.members["mfa_token"])))
    deployment.trouble.heal()

    log_in(deployment, code(deployment))


def test_a_user_whose_passkey_cannot_be_checked_does_not_wait_later(deployment: Deployment) -> None:
    """Passkeys were off for a while. The password was right."""
    deployment.with_second_factor(has_passkeys=False)
    with_app_only = deployment.alice
    deployment.store.identities[USERNAME] = replace(with_app_only, factors=None, passkeys=(PASSKEY,))
    fails_as_often_as_is_free(deployment, log_in, NOTHING)
    deployment.store.identities[USERNAME] = with_app_only

    log_in(deployment, code(deployment))


def test_a_wrong_code_that_cannot_be_counted_counts_as_an_attempt(deployment: Deployment) -> None:
    """SB7: otherwise an outage of one table would let codes be tried without a limit. It has failed at once."""
    deployment.trouble.fail("count_failure")
    fails_as_often_as_is_free(deployment, log_in, WRONG)
    deployment.trouble.heal()

    with pytest.raises(TooManyAttempts, match=r"^wait 1 s$"):
        log_in(deployment, code(deployment))


def test_a_step_up_in_an_outage_counts_if_the_code_was_wrong(deployment: Deployment) -> None:
    """The attempts of a session have a counter of their own, with the same rule."""
    first = log_in(deployment, code(deployment))
    deployment.clock.advance(seconds=STEP_SECONDS)
    deployment.trouble.fail("unseal")
    fails_as_often_as_is_free(deployment, step_up(first), code(deployment))
    deployment.trouble.heal()
    second = step_up(first)(deployment, code(deployment))
    deployment.clock.advance(seconds=STEP_SECONDS)

    deployment.trouble.fail("count_failure")
    fails_as_often_as_is_free(deployment, step_up(second), WRONG)
    deployment.trouble.heal()
    with pytest.raises(TooManyAttempts):
        step_up(second)(deployment, code(deployment))


def test_a_login_that_asks_for_an_enrolment_takes_no_free_attempt(deployment: Deployment) -> None:
    """The password was right, and there is no code that could be guessed."""
    deployment.store.identities[USERNAME] = replace(deployment.alice, factors=None)
    deployment.with_second_factor("everybody")
    for _ in range(3 * PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(MfaEnrolmentRequired):
            log_in(deployment, NOTHING)

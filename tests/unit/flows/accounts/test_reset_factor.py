"""The second factor of a password reset: whoever has the mailbox alone must not have the account."""

from typing import TYPE_CHECKING

import pytest

from edge_auth.errors import InvalidRequest, TemporarilyUnavailable, TooManyAttempts
from edge_auth.events.security_event import EventName, SecurityEvent
from edge_auth.factor_errors import FactorLocked, InvalidOtp, MfaRequired
from edge_auth.flows.accounts.reset_factor import ResetFactor
from edge_auth.flows.ports.factors import NOTHING, Presented
from edge_auth.throttling.limits import PASSWORD_BACKOFF, password_change_limit
from tests.support.deployment import USERNAME, Deployment
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app

if TYPE_CHECKING:
    from edge_auth.accounts.identity import Identity


@pytest.fixture
def deployment(deployment: Deployment) -> Deployment:
    """Return a deployment in which alice has an app and recovery codes."""
    deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
    return deployment.with_second_factor()


class Reset:
    """The check, and whom it has told of a recovery code."""

    def __init__(self, deployment: Deployment) -> None:
        """Begin without mails."""
        self.deployment = deployment
        self.told: list[Identity] = []
        self.check = ResetFactor(
            check=deployment.factor_check,
            limit=deployment.password_limit,
            record=deployment.events.append,
            tell_code_used=self.told.append,
        )

    def by_app(self, *, is_right: bool = True) -> Presented:
        """Return what the app shows, or another code."""
        now = self.deployment.clock() // 1000
        return Presented(otp=shown_by_app(now) if is_right else a_wrong_code(now))

    def tries(self, outcome: str) -> None:
        """Check a code once, with this outcome."""
        if outcome == "not readable":
            self.deployment.trouble.fail("unseal")
        if outcome == "wrong, not counted":
            self.deployment.trouble.fail("count_failure")
        if outcome in {"accepted", "not accepted"}:
            demanded = self.check(self.deployment.alice, self.by_app())
            if outcome == "accepted":
                demanded.accepted()
            return
        with pytest.raises(InvalidOtp if outcome == "wrong" else TemporarilyUnavailable):
            self.check(self.deployment.alice, self.by_app(is_right=outcome == "not readable"))


@pytest.fixture
def reset(deployment: Deployment) -> Reset:
    """Return the check."""
    return Reset(deployment)


def test_a_code_is_asked_of_a_user_who_has_a_factor(deployment: Deployment, reset: Reset) -> None:
    """SA1: and of no other one. A request without a code counts for nothing."""
    for _ in range(20):
        with pytest.raises(MfaRequired):
            reset.check(deployment.alice, NOTHING)
    assert reset.check(deployment.alice, reset.by_app()).use is not None
    deployment.factors.remove(deployment.alice)
    demanded = reset.check(deployment.alice, NOTHING)
    demanded.accepted()
    assert (demanded.use, reset.told) == (None, [])


def test_a_code_of_the_app_is_used_by_the_write_that_follows(deployment: Deployment, reset: Reset) -> None:
    """Nothing is told of it."""
    demanded = reset.check(deployment.alice, reset.by_app())
    demanded.accepted()

    assert demanded.use is not None
    assert demanded.use.totp_step > 0
    assert (reset.told, deployment.events) == ([], [])


def test_a_recovery_code_is_told_when_it_was_accepted(deployment: Deployment, reset: Reset) -> None:
    """Its user learns of it by mail: it may have been somebody else."""
    demanded = reset.check(deployment.alice, Presented(recovery_code=CODES[0]))
    assert (reset.told, deployment.events) == ([], [])
    demanded.accepted()

    assert reset.told == [deployment.alice]
    assert deployment.events == [SecurityEvent(EventName.RECOVERY_CODE_USED, deployment.alice.user_id, reason="9 left")]


@pytest.mark.parametrize("outcome", ["accepted", "not accepted", "not readable", "wrong", "wrong, not counted"])
def test_an_attempt_fails_only_by_a_wrong_code(deployment: Deployment, reset: Reset, outcome: str) -> None:
    """P11: the first five that fail are free. An outage, also of the write that follows, makes nobody wait."""
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys)
        reset.tries(outcome)
    deployment.trouble.heal()

    if not outcome.startswith("wrong"):
        assert reset.check(deployment.alice, reset.by_app()).use is not None
        return
    with pytest.raises(TooManyAttempts, match=r"^wait 1 s$"):
        reset.check(deployment.alice, reset.by_app())


def test_guesses_in_a_stolen_session_do_not_keep_the_owner_from_a_reset(deployment: Deployment, reset: Reset) -> None:
    """P11: the reset ends that session. Its counter is its own, and guesses there do not slow the owner's session."""
    session = password_change_limit(deployment.alice.user_id)
    for _ in range(5):
        deployment.password_limit.failed(deployment.password_limit.admit(session), deployment.alice.user_id)
    with pytest.raises(TooManyAttempts):
        deployment.password_limit.admit(session)

    reset.check(deployment.alice, reset.by_app())


def test_a_wrong_code_fails_at_once(deployment: Deployment, reset: Reset) -> None:
    """The next attempt has to wait for no outcome. A locked factor fails in the same way."""
    for _ in range(5):
        deployment.store.identities[USERNAME] = with_app(deployment.alice, deployment.sealing_keys.keys, failures=100)
        with pytest.raises(FactorLocked):
            reset.check(deployment.alice, reset.by_app())
    now_ms = deployment.clock()
    with pytest.raises(TooManyAttempts, match=r"^wait 1 s$"):
        reset.check(deployment.alice, reset.by_app())
    assert deployment.clock() == now_ms


def test_two_codes_are_refused_before_they_are_counted(deployment: Deployment, reset: Reset) -> None:
    """A malformed request takes no free attempt, however often it comes."""
    both = reset.by_app()._replace(recovery_code=CODES[0])
    for _ in range(PASSWORD_BACKOFF.free_attempts):
        with pytest.raises(InvalidRequest):
            reset.check(deployment.alice, both)

    assert reset.check(deployment.alice, reset.by_app()).use is not None

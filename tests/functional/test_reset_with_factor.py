"""A password reset of a user with a second factor: the mail alone is not enough (SA1)."""

from dataclasses import replace

import pytest
from botocore.awsrequest import AWSResponse

from edge_auth.credentials.totp import STEP_SECONDS
from edge_auth.keys.sealing_key import sealing_keys_from
from edge_auth.tokens.proof_token import Kind
from tests.support.answers import INVALID_CREDENTIALS, INVALID_OTP, NO_CONTENT, UNAVAILABLE, error
from tests.support.mailbox import mailed
from tests.support.outages import APPLIED, KINDS_OF_TRANSACTIONS, attempts
from tests.support.people import PASSWORD, ada, key_ring
from tests.support.sample_events import Event, login_event, with_json
from tests.support.second_factor import CODES, a_wrong_code, shown_by_app, with_app
from tests.support.stack import SEALING_KEY, Answer, Function, Stack
from tests.support.wire import Forward, lost_response

NEW_PASSWORD = "another fine passphrase"
PASSWORD_HASH = ada().password_hash
MFA_REQUIRED = error(401, "mfa_required", "A second factor is required.")


@pytest.fixture
def stack(empty_stack: Stack) -> Stack:
    """Return a stack with mail and second factors, where ada has a confirmed address and an app."""
    empty_stack.make_key_ring(key_ring())
    with_address = replace(ada(), email="ada@mail.example", email_verified_at_seconds=1_789_000_000)
    empty_stack.add_user(with_app(with_address, sealing_keys_from(SEALING_KEY)), PASSWORD)
    empty_stack.secrets.keep(*CODES, kind="recovery code")
    empty_stack.secrets.keep(NEW_PASSWORD, kind="password")
    return empty_stack.with_mail().with_parameters(SecondFactor="optional")


@pytest.fixture
def reset(stack: Stack) -> Function:
    """Return the function, cold."""
    return stack.function("reset")


def asked(stack: Stack, reset: Function) -> dict[str, str]:
    """Ask for a mail, and return what its link shows."""
    assert reset(with_json("password-reset", {"username": "ada"})).status == 202
    shown: dict[str, str] = mailed(stack, Kind.RESET).link
    return shown


def confirm(shown: dict[str, str], **code: str) -> Event:
    """Return a request to set the password."""
    return with_json("password-reset-confirm", {**shown, "new_password": NEW_PASSWORD, **code})


def unchanged(stack: Stack, refused: Answer, expected: Answer) -> None:
    """Check an answer, and that the password is the old one."""
    assert refused == expected
    assert stack.identities.find("ada").password_hash == PASSWORD_HASH


def test_the_mail_alone_sets_no_password(stack: Stack, reset: Function) -> None:
    """SA1: the answer asks for the code, and the proof stays good. A wrong code is counted."""
    shown = asked(stack, reset)
    unchanged(stack, reset(confirm(shown)), MFA_REQUIRED)
    wrong = a_wrong_code(stack.clock.now_seconds)
    unchanged(stack, reset(confirm(shown, otp=wrong)), INVALID_OTP)
    factors = stack.identities.find("ada").factors
    assert factors is not None
    assert factors.failures == 1

    assert reset(confirm(shown, otp=shown_by_app(stack.clock.now_seconds))) == NO_CONTENT

    assert stack.session_items() == []
    login = stack.function("login")
    assert login(login_event("ada", PASSWORD)) == INVALID_CREDENTIALS
    assert login(login_event("ada", NEW_PASSWORD)).json["error"] == "mfa_required"


def test_a_recovery_code_resets_once(stack: Stack, reset: Function) -> None:
    """SB2: it is used up, and so is a code of the app."""
    assert reset(confirm(asked(stack, reset), recovery_code=CODES[0])) == NO_CONTENT
    stack.clock.advance(seconds=120)
    again = asked(stack, reset)
    assert reset(confirm(again, recovery_code=CODES[0])) == INVALID_OTP
    otp = shown_by_app(stack.clock.now_seconds)
    assert reset(confirm(again, otp=otp)) == NO_CONTENT
    assert (
        stack.function("login")(with_json("login", {"username": "ada", "password": NEW_PASSWORD, "otp": otp}))
        == INVALID_OTP
    )


def test_where_second_factors_are_off_the_mail_is_not_enough_either(stack: Stack) -> None:
    """SA4: the deployment cannot check the factor, and does not skip it."""
    reset = stack.with_parameters(SecondFactor="off").function("reset")
    unchanged(stack, reset(confirm(asked(stack, reset), otp=shown_by_app(stack.clock.now_seconds))), UNAVAILABLE)


def test_guesses_in_resets_are_limited_like_others(stack: Stack, reset: Function) -> None:
    """SB7: five are free, and then each waits."""
    shown = asked(stack, reset)
    for _ in range(5):
        assert reset(confirm(shown, otp=a_wrong_code(stack.clock.now_seconds))) == INVALID_OTP
    refused = reset(confirm(shown, otp=shown_by_app(stack.clock.now_seconds)))
    assert refused.json["error"] == "too_many_attempts"
    stack.clock.advance(seconds=1)
    assert reset(confirm(shown, otp=shown_by_app(stack.clock.now_seconds))) == NO_CONTENT


def reset_later(stack: Stack, reset: Function, shown: dict[str, str]) -> Answer:
    """Send the reset again, with the app's next code."""
    stack.wire.mend()
    stack.clock.advance(seconds=STEP_SECONDS)
    return reset(confirm(shown, otp=shown_by_app(stack.clock.now_seconds)))


@pytest.mark.parametrize("code", ["otp", "recovery_code"])
@pytest.mark.parametrize("name", KINDS_OF_TRANSACTIONS)
def test_a_reset_that_fails_uses_neither_the_code_nor_the_proof(
    stack: Stack, reset: Function, name: str, code: str
) -> None:
    """SB9, F2, F19: the same request works afterwards. If the password was set, it says so."""
    shown, factors = asked(stack, reset), stack.identities.find("ada").factors
    request = confirm(shown, **{code: CODES[0] if code == "recovery_code" else shown_by_app(stack.clock.now_seconds)})
    stack.wire.next("TransactWriteItems", *[KINDS_OF_TRANSACTIONS[name]] * attempts(name))
    assert reset(request) == UNAVAILABLE
    ada = stack.identities.find("ada")
    assert (ada.password_hash != PASSWORD_HASH, ada.factors != factors) == (name == APPLIED, name == APPLIED)

    stack.wire.mend()
    assert reset(request) == NO_CONTENT

    ada = stack.identities.find("ada")
    assert ada.password_hash != PASSWORD_HASH
    assert ada.factors != factors
    assert ada.epoch == 1


def test_an_answer_to_a_reset_with_a_code_is_lost_once(stack: Stack, reset: Function) -> None:
    """F1: the SDK repeats the transaction with the same ClientRequestToken, which DynamoDB then confirms."""
    shown = asked(stack, reset)
    stack.wire.next("TransactWriteItems", lost_response)
    assert reset(confirm(shown, otp=shown_by_app(stack.clock.now_seconds))) == NO_CONTENT
    used = [call.parameters["ClientRequestToken"] for call in stack.wire.calls if "Transact" in call.operation]
    assert len(used) == 2
    assert used[0] == used[1]


def test_a_code_that_another_request_uses_meanwhile_leaves_the_proof_good(stack: Stack, reset: Function) -> None:
    """SB1: the answer is 503, and the next code resets the password."""
    shown, login = asked(stack, reset), stack.function("login")
    otp = shown_by_app(stack.clock.now_seconds)

    def log_in_first(forward: Forward) -> AWSResponse:
        stack.wire.mend()
        assert login(with_json("login", {"username": "ada", "password": PASSWORD, "otp": otp})).status == 200
        return forward()

    stack.wire.next("TransactWriteItems", log_in_first)
    assert reset(confirm(shown, otp=otp)) == UNAVAILABLE
    assert stack.identities.find("ada").password_hash == PASSWORD_HASH
    stack.clock.advance(seconds=STEP_SECONDS)
    assert reset(confirm(shown, otp=otp)) == INVALID_OTP
    assert reset(confirm(shown, otp=shown_by_app(stack.clock.now_seconds))) == NO_CONTENT

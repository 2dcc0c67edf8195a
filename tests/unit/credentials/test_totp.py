"""TOTP against the vectors of RFC 6238 and against pyotp."""

import os
from collections.abc import Callable
from urllib.parse import unquote

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_auth.credentials import totp
from edge_auth.credentials.totp import NEVER, STEP_SECONDS, app_uri, code_of, matched_step, new_secret, secret_text
from edge_auth.factor_errors import InvalidOtp

SECRET = b"12345678901234567890"
NOW = 1_234_567_890
STEP = NOW // STEP_SECONDS

# RFC 6238 appendix B, SHA-1. The vectors have eight digits, of which the last six are the code of six.
VECTORS = [
    (59, "94287082"),
    (1_111_111_109, "07081804"),
    (1_111_111_111, "14050471"),
    (1_234_567_890, "89005924"),
    (2_000_000_000, "69279037"),
    (20_000_000_000, "65353130"),
]


def step_of(text: str, now_seconds: int = NOW, after_step: int = NEVER) -> int:
    """Return the step that a text matches."""
    return matched_step(text, SECRET, now_seconds=now_seconds, after_step=after_step)


@pytest.mark.parametrize(("seconds", "digits"), VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int, digits: str) -> None:
    """RFC 6238 appendix B."""
    assert code_of(SECRET, seconds // STEP_SECONDS) == digits[-6:]
    assert step_of(digits[-6:], seconds) == seconds // STEP_SECONDS


@given(st.binary(min_size=20, max_size=20), st.integers(min_value=0, max_value=2**37))
def test_codes_are_those_of_another_implementation(secret: bytes, seconds: int) -> None:
    """Pyotp stands for the apps of users."""
    assert code_of(secret, seconds // STEP_SECONDS) == pyotp.TOTP(secret_text(secret)).at(seconds)


@pytest.mark.parametrize("drift_seconds", range(-STEP_SECONDS, STEP_SECONDS + 1))
def test_a_clock_that_is_half_a_minute_off_is_no_reason_to_refuse(drift_seconds: int) -> None:
    """RFC 6238 §5.2: one step before and one after, wherever in its step the moment is."""
    for now in range(NOW, NOW + STEP_SECONDS):
        assert step_of(code_of(SECRET, (now + drift_seconds) // STEP_SECONDS), now) == (
            (now + drift_seconds) // STEP_SECONDS
        )


@pytest.mark.parametrize("steps", [-2, 2])
def test_a_code_of_another_time_is_refused(steps: int) -> None:
    """RFC 6238 §5.2: a larger window helps only attackers."""
    with pytest.raises(InvalidOtp):
        step_of(code_of(SECRET, STEP + steps))
    assert step_of(code_of(SECRET, STEP + steps // 2)) == STEP + steps // 2


def test_a_step_is_accepted_once_and_none_before_it_is() -> None:
    """SB1, RFC 6238 §5.2: "The verifier MUST NOT accept the second attempt of the OTP"."""
    for step in (STEP - 1, STEP, STEP + 1):
        code = code_of(SECRET, step)
        assert step_of(code, after_step=step - 1) == step
        for used in (step, STEP + 1):
            with pytest.raises(InvalidOtp) as refused:
                step_of(code, after_step=used)
            assert refused.value.detail == "used code"


def test_two_steps_with_one_code_give_the_later_one() -> None:
    """Once in a million the codes of two steps are equal. The later step also ends the earlier one."""
    step = next(step for step in range(10**6, 10**7) if code_of(SECRET, step) == code_of(SECRET, step + 1))
    assert step_of(code_of(SECRET, step), step * STEP_SECONDS) == step + 1


def test_spaces_are_ignored() -> None:
    """Apps show the code in two groups."""
    code = code_of(SECRET, STEP)
    assert step_of(f" {code[:3]} {code[3:]} ") == STEP


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _code: "",
        lambda code: code[:-1],
        lambda code: f"0{code}",
        lambda code: f"+{code[1:]}",
        lambda code: f"{code}\n",
        lambda code: code.translate({ord("0") + digit: 0x0660 + digit for digit in range(10)}),
        lambda code: f"{(int(code) + 1) % 10**6:06}",
    ],
)
def test_every_other_text_is_refused(spoil: Callable[[str], str]) -> None:
    """Only six ASCII digits are a code. Digits of other scripts are none, whatever `int` says."""
    code = code_of(SECRET, STEP)
    with pytest.raises(InvalidOtp):
        step_of(spoil(code))
    assert step_of(code) == STEP


def test_every_step_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a check does not tell which step was right."""
    compared = []

    def watched(_secret: bytes, step: int) -> str:
        compared.append(step)
        return "000000"

    monkeypatch.setattr(totp, "code_of", watched)
    step_of("000000")
    assert compared == [STEP - 1, STEP, STEP + 1]


def test_an_app_reads_the_address_of_the_picture() -> None:
    """The app's address has the secret, the service and the user, whatever characters their names have."""
    secret = new_secret(os.urandom)
    uri = app_uri(secret, service="auth.example.com: a & b", account="ada+x@example.com")
    read = pyotp.parse_uri(uri)
    assert isinstance(read, pyotp.TOTP)
    assert read.byte_secret() == secret
    assert (read.issuer, unquote(read.name)) == ("auth.example.com: a & b", "ada+x@example.com")
    assert (read.digits, read.interval, read.now()) == (6, 30, pyotp.TOTP(secret_text(secret)).now())

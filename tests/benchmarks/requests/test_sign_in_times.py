"""The benchmark of sign-ins with a second factor and with a passkey, on moto."""

from typing import Any, cast
from unittest.mock import MagicMock, patch

import pytest
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from benchmarks.frame.samples import compared, gap, summary
from benchmarks.requests.deployment import Deployment
from benchmarks.requests.sign_in_times import (
    ALONE,
    CHECK,
    PASSKEY,
    PASSWORD,
    WITH_CODE,
    by_passkey_and_password,
    code_check,
    code_table,
    passkey_table,
    with_and_without_code,
)
from edge_auth.credentials import passwords
from tests.support.dynamodb.tables import items

PAIRS = 2


def methods_of_sessions(deployment: Deployment) -> list[str]:
    """Return the methods (`amr`) of all sessions, sorted."""
    stored = items(deployment.client, deployment.tables["SessionsTable"])
    return sorted(" ".join(each["S"] for each in cast("Any", item["amr"])["L"]) for item in stored)


def test_logins_with_and_without_a_code_are_compared(deployment: Deployment) -> None:
    """Each pair opens a session of each kind, and the time is of the processor."""
    times = with_and_without_code(deployment, PAIRS)

    assert methods_of_sessions(deployment) == ["pwd"] * PAIRS + ["pwd otp mfa"] * PAIRS
    assert {name: len(values) for name, values in times.items()} == {ALONE: PAIRS, WITH_CODE: PAIRS}


def test_the_hash_of_the_password_is_in_neither_of_them(deployment: Deployment) -> None:
    """It is checked once, and its outcome remembered: the first login computes it, and warms up."""
    with (
        patch("tests.support.argon2.Argon2id", MagicMock(wraps=Argon2id)) as computed,
        patch.dict("tests.support.argon2._known", clear=True),
    ):
        with_and_without_code(deployment, PAIRS)

    assert computed.verify_phc_encoded.call_count == 1


def test_a_passkey_is_compared_with_a_password_whose_hash_is_computed(deployment: Deployment) -> None:
    """Otherwise a passkey would save nothing."""
    with patch.object(passwords, "Argon2id", MagicMock(wraps=Argon2id)) as computed:
        times = by_passkey_and_password(deployment, PAIRS)

    assert computed.verify_phc_encoded.call_count == PAIRS
    assert methods_of_sessions(deployment) == ["hwk user"] * PAIRS + ["pwd"] * PAIRS
    assert {name: len(values) for name, values in times.items()} == {PASSWORD: PAIRS, PASSKEY: PAIRS}


def test_the_check_that_is_timed_alone_accepts_the_code() -> None:
    """A refusal would end the benchmark, because it raises."""
    assert code_check()().totp_step > 0


@pytest.mark.parametrize(
    ("more", "spread", "held"),
    [(0.09, 0.0, "held"), (0.11, 0.0, "not held"), (0.09, 0.02, "open, because the interval contains it")],
)
def test_the_table_says_what_a_code_adds(more: float, spread: float, held: str) -> None:
    """It is the median of the differences within the pairs. An interval that is too wide shows nothing."""
    alone = [5.0, 6.0, 7.0]
    with_code = [each + more + spread * place for each, place in zip(alone, (-1, 0, 1), strict=True)]
    rows = {
        ALONE: summary(alone),
        WITH_CODE: {**summary(with_code), "more": gap(with_code, alone)},
        CHECK: summary([0.02, 0.03]),
    }
    text = code_table({"code": rows})

    assert f"| {more:+.3f} (" in text
    assert text.endswith(f"Budget: 0.1 ms, {held}.")


@pytest.mark.parametrize(("milliseconds", "held"), [(10.0, "held"), (11.0, "not held")])
def test_the_table_says_whether_a_passkey_takes_a_third(milliseconds: float, held: str) -> None:
    """It is the median of the ratios within the pairs."""
    times = {PASSWORD: [30.0, 30.0], PASSKEY: [milliseconds, milliseconds]}
    text = passkey_table({"engine": "an engine", "passkey": compared(times, PASSWORD)})

    assert f"| {milliseconds / 30:.2f} (" in text
    assert f"Budget: a third, {held}." in text
